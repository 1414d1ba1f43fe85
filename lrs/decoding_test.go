package lrs

import (
	"bytes"
	"context"
	"errors"
	"testing"

	"github.com/cairn-lms/cairn/xapi"
)

// Large bodies wait for each other; a small one is not refused, and who gives up
// takes no room.
func TestLargeBodiesAreDecodedAFewAtATime(t *testing.T) {
	d := newDecoding()
	body := bytes.Repeat([]byte(" "), 16<<20)
	entered, leave := make(chan bool), make(chan bool)
	hold := func() {
		_, err := d.do(t.Context(), body, func([]byte) ([]*xapi.Statement, error) {
			entered <- true
			<-leave
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
	}
	for range 2 {
		go hold()
		<-entered
	}
	gone, give := context.WithCancel(t.Context())
	give()
	if _, err := d.do(gone, body, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("the third gets %v, want that it waits until it gives up", err)
	}
	small := errors.New("decoded")
	if _, err := d.do(t.Context(), body[:1000], func([]byte) ([]*xapi.Statement, error) { return nil, small }); !errors.Is(err, small) {
		t.Errorf("a small one gets %v", err)
	}
	go hold()
	leave <- true
	<-entered // the third, once there is room
	leave <- true
	leave <- true
}
