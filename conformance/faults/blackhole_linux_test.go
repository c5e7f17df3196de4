package faults

import (
	"fmt"
	"net"
	"syscall"
	"testing"
	"time"

	"github.com/s3sql/s3sql/driver"
)

// blackhole returns an address that takes packets and never answers: a socket whose queue of connections is full.
func blackhole(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := syscall.Close(fd); err != nil {
			t.Error(err)
		}
	})
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	bound, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	address := fmt.Sprintf("127.0.0.1:%d", bound.(*syscall.SockaddrInet4).Port)
	for range 20 {
		conn, err := net.DialTimeout("tcp", address, 200*time.Millisecond)
		if err != nil {
			return address
		}
		t.Cleanup(func() {
			if err := conn.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	t.Fatal("the queue of the socket does not fill up: no address that swallows connections can be had")
	return ""
}

// TestBlackhole: an address that does not even refuse is reported in time as well.
func TestBlackhole(t *testing.T) {
	t.Parallel()
	p := newPlace(t)
	server := *p.server
	p.server, server.Endpoint = &server, "http://"+blackhole(t)
	want{driver.ErrUnavailable, 2013, "08S01", "manifest/latest", []string{server.Endpoint, "cannot be reached"}}.
		check(t, ping(t, p.dsn("")), server.SecretKey)
}
