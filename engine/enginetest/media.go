package enginetest

import (
	"errors"
	"reflect"
	"testing"

	"github.com/cairn-lms/cairn/engine"
)

// The names of files have dots and slashes in them, which not every store takes for names of its own.
func mediaAreKept(t *testing.T, s engine.Store) {
	ctx := t.Context()
	media := map[string]engine.Media{
		"media/talk.mp4":    {SHA256: "aa11", ContentType: "video/mp4", Size: 12},
		"media/talk.de.vtt": {SHA256: "bb22", ContentType: "text/vtt; charset=utf-8", Size: 7},
		"media/größe 1.png": {SHA256: "cc33", ContentType: "image/png", Size: 64 << 20},
	}
	must(t, s.PutWorkflow(ctx, engine.WorkflowFile{ID: "shows", Version: 1, Source: []byte("1"), Media: media}))
	must(t, s.PutWorkflow(ctx, engine.WorkflowFile{ID: "shows", Version: 2, Source: []byte("2")}))
	if have := got[engine.WorkflowFile](t)(s.Workflow(ctx, "shows", 1)).Media; !reflect.DeepEqual(have, media) {
		t.Errorf("the files of version 1 are %+v, want %+v", have, media)
	}
	same(t, "files of version 2", len(got[engine.WorkflowFile](t)(s.Workflow(ctx, "shows", 2)).Media), 0)
	for _, m := range media {
		same(t, "the file is used by version 1", got[bool](t)(s.BlobUsed(ctx, m.SHA256, "")), true)
		if _, err := s.Blob(ctx, m.SHA256); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("bytes that nobody put are there: %v", err)
		}
	}
}
