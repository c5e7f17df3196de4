package relevance

import (
	"compress/gzip"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// unpacked returns the folder with the files of a Debian package.
func unpacked(t *testing.T, pkg string) string {
	t.Helper()
	dir := t.TempDir()
	download := func() ([]byte, error) {
		cmd := exec.Command("apt-get", "download", "-qq", pkg)
		cmd.Dir = dir
		return cmd.CombinedOutput()
	}
	out, err := download()
	if err != nil { // the lists of packages may not be there yet
		if update, uerr := exec.Command("apt-get", "update", "-qq").CombinedOutput(); uerr != nil {
			t.Fatalf("apt-get download %s: %v\n%s\napt-get update: %v\n%s", pkg, err, out, uerr, update)
		}
		if out, err = download(); err != nil {
			t.Fatalf("apt-get download %s: %v\n%s", pkg, err, out)
		}
	}
	debs, err := filepath.Glob(filepath.Join(dir, pkg+"_*.deb"))
	if err != nil || len(debs) != 1 {
		t.Fatalf("%s: %v, %v", pkg, debs, err)
	}
	files := filepath.Join(dir, "files")
	if out, err := exec.Command("dpkg-deb", "-x", debs[0], files).CombinedOutput(); err != nil {
		t.Fatalf("dpkg-deb -x %s: %v\n%s", debs[0], err, out)
	}
	return files
}

// entry is an article of a dictionary.
type entry struct{ term, text string }

// dictionary reads a dictionary in the format of dictd: an index of headwords, offsets and lengths in base 64, and a gzip file.
func dictionary(t *testing.T, dir, name string) (out []entry) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, name+".dict.dz"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	index, err := os.ReadFile(filepath.Join(dir, name+".index"))
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{} // an article may have several headwords
	for line := range strings.Lines(string(index)) {
		fields := strings.Split(strings.TrimSuffix(line, "\n"), "\t")
		if len(fields) < 3 || strings.HasPrefix(fields[0], "00") {
			continue
		}
		at, n := number(fields[1]), number(fields[2])
		if at+n > len(data) || seen[at] {
			continue
		}
		seen[at] = true
		term, text, _ := strings.Cut(string(data[at:at+n]), "\n")
		out = append(out, entry{strings.ToLower(strings.TrimSpace(term)), text})
	}
	return out
}

func number(s string) (n int) {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	for i := range len(s) {
		n = n*64 + strings.IndexByte(digits, s[i])
	}
	return n
}

// sayings reads the texts of a folder that a line with % separates, those in UTF-8.
func sayings(t *testing.T, dir string) (out []string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".dat") || strings.HasSuffix(path, ".u8") || !d.Type().IsRegular() {
			return err
		}
		b, err := os.ReadFile(path)
		if err == nil {
			out = append(out, strings.Split(string(b), "\n%\n")...)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(out) < 500 {
		t.Fatalf("%s has %d texts", dir, len(out))
	}
	return out
}
