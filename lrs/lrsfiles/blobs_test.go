package lrsfiles_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cairn-lms/cairn/lrs"
	"github.com/cairn-lms/cairn/lrs/lrsfiles"
	"github.com/cairn-lms/cairn/lrs/lrstest"
)

func TestTheBlobsKeepTheirContract(t *testing.T) {
	lrstest.RunBlobs(t, func(t *testing.T, now func() time.Time) lrs.Blobs { return open(t, t.TempDir(), now) })
}

func open(t *testing.T, folder string, now func() time.Time) lrs.Blobs {
	t.Helper()
	b, err := lrsfiles.New(folder, now)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// files are the names below the folder.
func files(t *testing.T, folder string) (names []string) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			name, _ := filepath.Rel(folder, path)
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestNothingFromOutsideBecomesAPath(t *testing.T) {
	root := t.TempDir()
	folder := filepath.Join(root, "attachments")
	b := open(t, folder, nil)
	secret := filepath.Join(root, "secret")
	if err := os.WriteFile(secret, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../secret", "..", "", "/etc/passwd", strings.Repeat("../", 20) + "etc", strings.Repeat("A", 64), "./" + strings.Repeat("a", 62), strings.Repeat("a", 63) + "\x00"} {
		if _, err := b.Put(t.Context(), name, strings.NewReader("x")); err == nil {
			t.Errorf("%q was taken", name)
		}
		if f, _, err := b.Open(t.Context(), name); err == nil {
			f.Close()
			t.Errorf("%q was opened", name)
		}
		if deleted, err := b.Delete(t.Context(), name, time.Now().Add(time.Hour)); deleted || err != nil {
			t.Errorf("%q is deleted: %v, %v", name, deleted, err)
		}
	}
	if got := files(t, root); len(got) != 1 || got[0] != "secret" {
		t.Errorf("files are %v", got)
	}
}

func TestWhatACrashLeavesIsSwept(t *testing.T) {
	folder := t.TempDir()
	b := open(t, folder, nil)
	sha2 := lrstest.SHA256("kept")
	if _, err := b.Put(t.Context(), sha2, strings.NewReader("kept")); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(folder, sha2[:2], sha2[2:4], sha2)
	// A Delete that crashed half-way, and two Puts: one of long ago, one under way.
	if err := os.Rename(path, path+".gone-x"); err != nil {
		t.Fatal(err)
	}
	old, recent := ".put-"+strconv.FormatInt(time.Now().Add(-48*time.Hour).UnixNano(), 10)+"-1", ".put-"+strconv.FormatInt(time.Now().UnixNano(), 10)+"-1"
	for _, name := range []string{old, recent} {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if got := lrstest.ReadBlob(t, b, sha2); got != "kept" {
		t.Errorf("before the sweep the blob is %q", got)
	}
	if err := b.Sweep(t.Context(), time.Now().Add(-24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if got := files(t, folder); len(got) != 2 || got[0] != recent || got[1] != filepath.Join(sha2[:2], sha2[2:4], sha2) {
		t.Errorf("after the sweep the files are %v", got)
	}
}
