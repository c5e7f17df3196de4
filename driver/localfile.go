package driver

import (
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/s3sql/s3sql/internal/base"
	"github.com/s3sql/s3sql/internal/errno"
)

// readerPrefix begins the file name by which LOAD DATA LOCAL INFILE reads a registered reader.
const readerPrefix = "Reader::"

// localFiles is what LOAD DATA LOCAL INFILE may read. It is safe for concurrent use.
type localFiles struct {
	mu struct {
		sync.RWMutex
		paths   map[string]struct{}
		readers map[string]func() io.Reader
	}
}

// allowed is what the program has registered, for every database it opens.
var allowed localFiles

// RegisterLocalFile lets LOAD DATA LOCAL INFILE read a file, which the statement has to call by the same path. Without it
// a statement that comes from elsewhere could read any file of the machine.
func RegisterLocalFile(path string) {
	allowed.mu.Lock()
	defer allowed.mu.Unlock()
	if allowed.mu.paths == nil {
		allowed.mu.paths = map[string]struct{}{}
	}
	allowed.mu.paths[filepath.Clean(path)] = struct{}{}
}

// DeregisterLocalFile takes back RegisterLocalFile.
func DeregisterLocalFile(path string) {
	allowed.mu.Lock()
	defer allowed.mu.Unlock()
	delete(allowed.mu.paths, filepath.Clean(path))
}

// RegisterReaderHandler makes LOAD DATA LOCAL INFILE 'Reader::name' read what handler returns. handler is called each time the
// statement runs, also when it runs again after it has lost to another transaction, and has to return a new reader each
// time. One that is an io.Closer is closed.
func RegisterReaderHandler(name string, handler func() io.Reader) {
	allowed.mu.Lock()
	defer allowed.mu.Unlock()
	if allowed.mu.readers == nil {
		allowed.mu.readers = map[string]func() io.Reader{}
	}
	allowed.mu.readers[name] = handler
}

// DeregisterReaderHandler takes back RegisterReaderHandler.
func DeregisterReaderHandler(name string) {
	allowed.mu.Lock()
	defer allowed.mu.Unlock()
	delete(allowed.mu.readers, name)
}

// opener returns what opens the files of LOAD DATA LOCAL for an engine. all: every file of the machine may be read.
func (f *localFiles) opener(all bool) func(name string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) {
		if reader, ok := strings.CutPrefix(name, readerPrefix); ok {
			return f.reader(reader)
		}
		f.mu.RLock()
		_, ok := f.mu.paths[filepath.Clean(name)]
		f.mu.RUnlock()
		if !ok && !all {
			return nil, base.Errorf(errno.LocalInfile, "Loading local data is disabled for the file '%s': "+
				"allow it with driver.RegisterLocalFile, or every file with the option driver.WithLocalFiles", name)
		}
		return openLocal(name)
	}
}

func (f *localFiles) reader(name string) (io.ReadCloser, error) {
	f.mu.RLock()
	handler := f.mu.readers[name]
	f.mu.RUnlock()
	if handler == nil {
		return nil, base.Errorf(errno.LocalInfile, "Loading local data is disabled for '%s%s': no driver.RegisterReaderHandler has registered '%s'",
			readerPrefix, name, name)
	}
	switch r := handler().(type) {
	case nil:
		return nil, base.Errorf(errno.FileNotFound, "File '%s%s' not found: its handler returned no reader", readerPrefix, name)
	case io.ReadCloser:
		return r, nil
	default:
		return io.NopCloser(r), nil
	}
}

func openLocal(name string) (io.ReadCloser, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, notRead(name, err)
	}
	info, err := file.Stat()
	if err == nil && !info.IsDir() {
		return file, nil
	}
	if cerr := file.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		return nil, notRead(name, err)
	}
	return nil, base.Errorf(errno.FileNotFound, "File '%s' is a directory", name)
}

func notRead(name string, err error) error {
	return base.Errorf(errno.FileNotFound, "File '%s' cannot be opened: %v", name, err)
}
