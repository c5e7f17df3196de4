package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// historyMax is the number of entries that a session reads back.
const historyMax = 10_000

// history keeps what was typed in a file that only its owner can read, an entry a line. It satisfies the line editor's
// History.
type history struct {
	file    string // "": in memory alone
	entries []string
}

// openHistory reads the history; a file that cannot be used is an error, beside a history in memory.
func openHistory(file string) (*history, error) {
	h := &history{file: file}
	if file == "" {
		return h, nil
	}
	err := h.read()
	if err != nil {
		h.file = ""
	}
	return h, err
}

func (h *history) read() (err error) {
	if err := os.MkdirAll(filepath.Dir(h.file), 0o700); err != nil {
		return err
	}
	f, err := os.OpenFile(h.file, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() {
		return fmt.Errorf("%s is not a file", h.file)
	}
	if info.Mode().Perm()&0o077 != 0 {
		if err := f.Chmod(0o600); err != nil {
			return err
		}
	}
	for in := bufio.NewReader(f); ; {
		line, err := in.ReadString('\n')
		if entry := unescapeEntry.Replace(strings.TrimSuffix(line, "\n")); entry != "" {
			h.entries = append(h.entries, entry)
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	h.entries = h.entries[max(0, len(h.entries)-historyMax):]
	return nil
}

var (
	escapeEntry   = strings.NewReplacer(`\`, `\\`, "\n", `\n`, "\r", `\r`)
	unescapeEntry = strings.NewReplacer(`\\`, `\`, `\n`, "\n", `\r`, "\r")
)

// secret finds what must not be written down: statements about secrets, and DSNs or URLs with a password.
var secret = regexp.MustCompile(`(?i)\b(secret|password|passwd|identified|credentials?|token)|_key\b|://[^/\s'"]*:[^/\s'"]*@`)

// Write adds an entry and returns the number of entries.
func (h *history) Write(entry string) (int, error) {
	entry = strings.TrimSpace(entry)
	if entry == "" || secret.MatchString(entry) || len(h.entries) > 0 && h.entries[len(h.entries)-1] == entry {
		return len(h.entries), nil
	}
	h.entries = append(h.entries, entry)
	if h.file == "" {
		return len(h.entries), nil
	}
	f, err := os.OpenFile(h.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return len(h.entries), err
	}
	_, err = f.WriteString(escapeEntry.Replace(entry) + "\n") // one write: sessions share the file
	return len(h.entries), errors.Join(err, f.Close())
}

// GetLine returns an entry.
func (h *history) GetLine(i int) (string, error) {
	if i < 0 || i >= len(h.entries) {
		return "", fmt.Errorf("no entry %d in the history", i)
	}
	return h.entries[i], nil
}

// Len returns the number of entries.
func (h *history) Len() int { return len(h.entries) }

// Dump returns all entries.
func (h *history) Dump() any { return h.entries }

// defaultHistory is the history file in the user's state folder (XDG Base Directory Specification); S3SQL_HISTORY
// replaces it.
func defaultHistory(getenv func(string) string) string {
	if file := getenv("S3SQL_HISTORY"); file != "" {
		return file
	}
	dir := getenv("XDG_STATE_HOME")
	if dir == "" {
		home := getenv("HOME")
		if home == "" {
			return ""
		}
		dir = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(dir, "s3sql", "history")
}
