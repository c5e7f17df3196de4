package testenv

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
)

// buildTool builds pkg, which the module in folder conformance/<module> pins, into the user's cache folder, and returns
// the program's path. It is built once for each version of the pins and of Go; processes that want it meanwhile wait.
func buildTool(module, pkg string) (string, error) {
	dir, err := moduleFolder(module)
	if err != nil {
		return "", err
	}
	hash := sha256.New()
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return "", err
		}
		hash.Write(data)
	}
	hash.Write([]byte(runtime.Version() + pkg))
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "s3sql-testenv", fmt.Sprintf("%s-%.12x", module, hash.Sum(nil)))
	program := filepath.Join(cache, filepath.Base(pkg))
	if _, err := os.Stat(program); err == nil {
		return program, nil
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	return program, locked(filepath.Join(cache, "lock"), func() error { return build(dir, pkg, program) })
}

func build(dir, pkg, program string) error {
	if _, err := os.Stat(program); err == nil {
		return nil // by the process that we have waited for
	}
	cmd := exec.Command("go", "build", "-C", dir, "-mod=readonly", "-o", program+".new", pkg)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool {
		return strings.HasPrefix(v, "GOFLAGS=") || strings.HasPrefix(v, "GOOS=") || strings.HasPrefix(v, "GOARCH=")
	}), "CGO_ENABLED=0", "GOWORK=off", "GOFLAGS=-buildvcs=false")
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("go build %s: %w: %s", pkg, err, said.String())
	}
	return os.Rename(program+".new", program)
}

// locked runs f while no other process runs one under the same lock file.
func locked(path string, f func() error) (err error) {
	file, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }() // which gives up the lock
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	return f()
}

// moduleFolder finds conformance/<module> in the working folder or above it, where go test runs.
func moduleFolder(module string) (string, error) {
	start, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for dir := start; ; dir = filepath.Dir(dir) {
		try := filepath.Join(dir, "conformance", module)
		if _, err := os.Stat(filepath.Join(try, "go.mod")); err == nil {
			return try, nil
		}
		if dir == filepath.Dir(dir) {
			return "", fmt.Errorf("no folder conformance/%s in %s or above", module, start)
		}
	}
}
