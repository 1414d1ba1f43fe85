package mail

import (
	"sync"
	"testing"

	"github.com/emersion/go-smtp"

	"github.com/cairn-lms/cairn/engine"
)

// counts are the mails that have arrived, the connections that came for them, and how many of these were open at once.
func (s *sink) counts() (mails, came, most int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.got), s.came, s.most
}

func TestMailsGoOneAfterTheOtherByOneConnection(t *testing.T) {
	s := startSink(t)
	s.left = make(chan struct{}, 10)
	mailer := sender(t, "smtp://"+s.addr)
	for range maxMails + 1 {
		if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
			t.Fatal(err)
		}
	}
	if mails, came, _ := s.counts(); mails != maxMails+1 || came != 2 {
		t.Errorf("%d mails by %d connections", mails, came)
	}
	mailer.Close()
	<-s.left // of the hundred
	<-s.left
	if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
		t.Fatal(err)
	}
	<-s.left // a closed sender keeps none
}

func TestAServerThatHasHungUpMeanwhileIsCalledAgain(t *testing.T) {
	s := startSink(t)
	mailer := sender(t, "smtp://"+s.addr)
	defer mailer.Close()
	for range 3 {
		if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
			t.Fatal(err)
		}
		s.hangUp()
	}
	if mails, came, _ := s.counts(); mails != 3 || came != 3 {
		t.Errorf("%d mails by %d connections", mails, came)
	}
}

func TestAServerThatWantsFewMailsByOneConnectionGetsAnother(t *testing.T) {
	s := startSink(t)
	s.mailsEach = 2
	mailer := sender(t, "smtp://"+s.addr)
	defer mailer.Close()
	for range 5 {
		if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
			t.Fatal(err)
		}
	}
	if mails, came, _ := s.counts(); mails != 5 || came != 3 {
		t.Errorf("%d mails by %d connections", mails, came)
	}
}

func TestARefusedMailDoesNotSpoilTheNext(t *testing.T) {
	s := startSink(t)
	mailer := sender(t, "smtp://"+s.addr)
	defer mailer.Close()
	if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
		t.Fatal(err)
	}
	s.refuse(&smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: "no"})
	if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err == nil {
		t.Fatal("a refused mail counts as sent")
	}
	s.refuse(nil)
	if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
		t.Fatal(err)
	}
	if mails, _, _ := s.counts(); mails != 2 {
		t.Errorf("%d mails", mails)
	}
}

func TestAServerHasToDoWithAFewConnectionsAtOnce(t *testing.T) {
	s := startSink(t)
	mailer := sender(t, "smtp://"+s.addr)
	defer mailer.Close()
	var all sync.WaitGroup
	for range 5 * maxConnections {
		all.Go(func() {
			if err := mailer.Send(t.Context(), nudge(engine.PurposeStepOpen)); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if mails, _, most := s.counts(); mails != 5*maxConnections || most > maxConnections {
		t.Errorf("%d mails, %d connections at once", mails, most)
	}
}
