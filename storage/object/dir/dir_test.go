package dir_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/storetest"
	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/storage/object"
	"github.com/s3sql/s3sql/storage/object/dir"
)

func TestContract(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string]dir.Options{"sync": {}, "nosync": {NoSync: true}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.Run(t, func(t *testing.T) object.Store { return open(t, t.TempDir(), opts) })
		})
	}
}

func open(t *testing.T, path string, opts dir.Options) *dir.Store {
	t.Helper()
	s, err := dir.Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// standing is a clock that does not move, nor wait.
type standing struct{ t time.Time }

func (c standing) Now() time.Time { return c.t }

func (c standing) Sleep(time.Duration, <-chan struct{}) bool { return true }

func TestTagsDifferWhenTheClockStands(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), dir.Options{NoSync: true, Clock: standing{time.Unix(1_700_000_000, 0)}})
	seen := map[string]bool{}
	for i := range 50 {
		etag, err := s.Put(t.Context(), "a", []byte("same"))
		if err != nil || seen[etag] {
			t.Fatalf("write %d has tag %q, which an earlier one had: %t; %v", i, etag, seen[etag], err)
		}
		seen[etag] = true
	}
}

func TestOpenSweeps(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	open(t, root, dir.Options{})
	old, young := filepath.Join(root, "~tmp", "old"), filepath.Join(root, "~tmp", "young")
	for _, f := range []string{old, young} {
		if err := os.WriteFile(f, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chtimes(old, time.Time{}, time.Now().Add(-2*time.Hour)); err != nil {
		t.Fatal(err)
	}
	s := open(t, root, dir.Options{})
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("an abandoned file is still there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("a file that may be in use is gone: %v", err)
	}
	for info, err := range s.List(t.Context(), "", "") {
		t.Errorf("List shows %v, %v in an empty store", info, err)
	}
}

func TestLeavesNoTemporaryFiles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, root, dir.Options{})
	if _, err := s.PutIfAbsent(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		second(s.PutIfAbsent(t.Context(), "a", nil)), second(s.PutIfMatch(t.Context(), "a", "x", nil)), second(s.Put(t.Context(), "a/b", nil)),
	} {
		if err == nil {
			t.Error("a write that cannot be done gave no error")
		}
	}
	entries, err := os.ReadDir(filepath.Join(root, "~tmp"))
	if err != nil || len(entries) != 0 {
		t.Errorf("%d temporary files are left, %v", len(entries), err)
	}
}

func second[T any](_ T, err error) error { return err }

func TestSharesFolderWithForeignFiles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	s := open(t, root, dir.Options{NoSync: true})
	for _, name := range []string{"with space", "~x"} {
		if err := os.WriteFile(filepath.Join(root, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink("/", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Put(t.Context(), "a", nil); err != nil {
		t.Fatal(err)
	}
	var keys []string
	for info, err := range s.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, info.Key)
	}
	if !slices.Equal(keys, []string{"a"}) {
		t.Errorf("List gave %q", keys)
	}
}

func TestOpenErrors(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{file, filepath.Join(file, "sub")} {
		if _, err := dir.Open(path, dir.Options{}); !errors.Is(err, base.ErrInvalid) {
			t.Errorf("Open(%s): %v", path, err)
		}
	}
}
