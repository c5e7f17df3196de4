package testenv_test

import (
	"bufio"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/s3sql/s3sql/conformance/testenv"
	"github.com/s3sql/s3sql/storage/object"
)

func TestBucketsAreApart(t *testing.T) {
	t.Parallel()
	srv := testenv.S3(t)
	a, b := srv.Store(t), srv.Store(t)
	if _, err := a.Put(t.Context(), "k", []byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Get(t.Context(), "k"); !errors.Is(err, object.ErrNotFound) {
		t.Errorf("object of one bucket in another: %v", err)
	}
}

func TestWithLatency(t *testing.T) {
	t.Parallel()
	const delay = 20 * time.Millisecond
	srv := testenv.S3(t)
	cfg := srv.Config(t)
	slow := srv.WithLatency(t, delay)
	near := srv.Open(t, cfg)
	cfg.Endpoint = slow.Endpoint
	far := slow.Open(t, cfg)
	start := time.Now()
	for i := range 5 {
		if _, err := far.PutIfAbsent(t.Context(), fmt.Sprint("k/", i), []byte("x")); err != nil {
			t.Fatal(err)
		}
	}
	if d := time.Since(start); d < 5*delay {
		t.Errorf("5 requests took %v over a line of %v", d, delay)
	}
	if o, err := near.Get(t.Context(), "k/4"); err != nil || string(o.Data) != "x" {
		t.Errorf("seen from near: %q, %v", o.Data, err)
	}
}

// envOwner makes the test binary a process that starts the services and is then killed.
const envOwner = "S3SQL_TESTENV_OWNER"

// TestServerDiesWithItsOwner kills a process that has started the server, and looks for the server and its data.
func TestServerDiesWithItsOwner(t *testing.T) {
	t.Parallel()
	testenv.S3(t) // so that the build is not in the way
	temp := t.TempDir()
	cmd := exec.Command(os.Args[0], "-test.run=^TestOwner$")
	cmd.Env = append(os.Environ(), envOwner+"=1", testenv.EnvS3+"=", "TMPDIR="+temp)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, readErr := bufio.NewReader(out).ReadString('\n')
	endpoint := strings.TrimSpace(line)
	_, reachErr := get(endpoint)
	killErr := cmd.Process.Kill()
	waitErr := cmd.Wait()
	if err := errors.Join(readErr, reachErr, killErr); err != nil || waitErr == nil {
		t.Fatalf("server at %q: %v, %v", endpoint, err, waitErr)
	}
	for deadline := time.Now().Add(15 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		_, err := get(endpoint)
		left, readErr := os.ReadDir(temp)
		if readErr != nil {
			t.Fatal(readErr)
		}
		if err != nil && len(left) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("server still there: %t, folders left: %d", err == nil, len(left))
		}
	}
}

func get(endpoint string) (status int, err error) {
	resp, err := http.Get(endpoint)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

func TestOwner(t *testing.T) {
	if os.Getenv(envOwner) == "" {
		t.Log("nothing to do in this process: TestServerDiesWithItsOwner starts another to run this")
		return
	}
	fmt.Println(testenv.S3(t).Endpoint)
	time.Sleep(time.Minute) // to be killed
}

// TestCommand checks that the command passes on addresses and exit code, and stops what it started.
func TestCommand(t *testing.T) {
	t.Parallel()
	temp := t.TempDir()
	program := temp + "/testenv"
	if out, err := exec.Command("go", "build", "-o", program, "./cmd/testenv").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	cmd := exec.Command(program, "--", "sh", "-c", "echo $"+testenv.EnvS3+"; exit 7")
	cmd.Env = append(os.Environ(), testenv.EnvS3+"=")
	out, err := cmd.Output()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 7 {
		t.Fatalf("exit code of 7 came as %v", err)
	}
	endpoint := strings.TrimSpace(string(out))
	if !strings.HasPrefix(endpoint, "http://127.0.0.1:") {
		t.Fatalf("the address is %q", endpoint)
	}
	if status, err := get(endpoint); err == nil {
		t.Errorf("the server still answers, with %d", status)
	}
	cmd = exec.Command(program, "--", "/no/such/program")
	if err := cmd.Run(); !errors.As(err, &exit) || exit.ExitCode() != 127 {
		t.Errorf("a command that cannot be started: %v", err)
	}
}
