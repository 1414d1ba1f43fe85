package web

import (
	"slices"
	"testing"
)

func TestATranscriptIsWhatTheSubtitlesSay(t *testing.T) {
	have := spoken([]byte("WEBVTT - talk\r\n\r\nNOTE not said\r\n\r\nSTYLE\r\n::cue { color: red }\r\n\r\n1\r\n00:00.000 --> 00:02.000 align:start\r\n<v Sam>Ask\r\nfirst &amp; wait.</v>\r\n\r\n" +
		"00:02.000 --> 00:03.000\nAsk first & wait.\n\n00:03.000 --> 00:04.000\n\n00:04.000 --> 00:05.000\n2 &lt; 3\n"))
	if want := []string{"Ask first & wait.", "2 < 3"}; !slices.Equal(have, want) {
		t.Errorf("%q, want %q", have, want)
	}
	if have := spoken([]byte("WEBVTT")); have != nil {
		t.Errorf("of nothing: %q", have)
	}
}
