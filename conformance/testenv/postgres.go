package testenv

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// EnvPostgres holds the DSN of the PostgreSQL server of a test run, of its superuser, who needs no password.
const EnvPostgres = "S3SQL_TEST_POSTGRES"

// PostgresPasswordRole is the role whose members have to give a password. A test that wants one creates it.
const PostgresPasswordRole = "s3sql_password"

// postgresHBA lets everybody in but members of PostgresPasswordRole.
const postgresHBA = "host all +" + PostgresPasswordRole + " 127.0.0.1/32 scram-sha-256\nhost all all 127.0.0.1/32 trust\n"

var postgresService = service{
	name:    "postgres",
	env:     EnvPostgres,
	build:   findPostgres,
	folders: []string{"data"},
	owner:   postgresOwner,
	prepare: preparePostgres,
	command: func(dir string, port int) (args, env []string) {
		// The data end with the run: nothing has to survive a crash.
		settings := []string{"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(port), "unix_socket_directories=", "fsync=off",
			"synchronous_commit=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200"}
		args = []string{"-D", filepath.Join(dir, "data")}
		for _, s := range settings {
			args = append(args, "-c", s)
		}
		return args, []string{"TESTENV_STOP=INT"} // at TERM it would wait for its clients to leave
	},
	address: func(port int) string {
		return "postgres://postgres@127.0.0.1:" + strconv.Itoa(port) + "/postgres?sslmode=disable"
	},
	ready: func(address string) error {
		_, rest, _ := strings.Cut(address, "@")
		host, _, _ := strings.Cut(rest, "/")
		conn, err := net.DialTimeout("tcp", host, time.Second)
		if err != nil {
			return err
		}
		return errors.Join(greetPostgres(conn), conn.Close())
	},
}

// findPostgres looks for the server where Debian keeps it, a folder a version, newest first, and elsewhere.
func findPostgres() (string, error) {
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return findProgram("postgres")
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(filepath.Base(filepath.Dir(filepath.Dir(path)))) // 0 of a name that is none
		return n
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}

// postgresOwner is whom the server runs as where the tests run as root, as whom it refuses to run; nil: as the tests do.
func postgresOwner() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, uerr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gerr := strconv.ParseUint(u.Gid, 10, 32)
		return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(uerr, gerr)
	}
	return nil, errors.Join(errs...)
}

func preparePostgres(program, dir string) error {
	data := filepath.Join(dir, "data")
	owner, err := postgresOwner()
	if err != nil {
		return err
	}
	initdb := filepath.Join(filepath.Dir(program), "initdb")
	cmd := exec.Command(initdb, "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions")
	cmd.Dir, cmd.SysProcAttr = dir, &syscall.SysProcAttr{Credential: owner}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %.2000s", initdb, err, out)
	}
	return os.WriteFile(filepath.Join(data, "pg_hba.conf"), []byte(postgresHBA), 0o600) // which initdb has made, and owns
}

// greetPostgres opens a session and reads until the server is ready for a query.
func greetPostgres(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	hello := binary.BigEndian.AppendUint32([]byte{0, 0, 0, 0}, 3<<16) // version 3.0 of the protocol
	hello = append(hello, "user\x00postgres\x00database\x00postgres\x00\x00"...)
	binary.BigEndian.PutUint32(hello, uint32(len(hello)))
	if _, err := conn.Write(hello); err != nil {
		return err
	}
	for {
		var head [5]byte // type and length of a message
		if _, err := io.ReadFull(conn, head[:]); err != nil {
			return err
		}
		body := make([]byte, max(binary.BigEndian.Uint32(head[1:]), 4)-4)
		if _, err := io.ReadFull(conn, body); err != nil {
			return err
		}
		switch head[0] {
		case 'Z':
			_, err := conn.Write([]byte{'X', 0, 0, 0, 4})
			return err
		case 'E':
			return fmt.Errorf("it answers %q", body)
		}
	}
}

// postgresOnce starts the server of this process; see s3Once.
var postgresOnce = sync.OnceValues(func() (started struct {
	address string
	stop    func() error
}, err error) {
	started.address, started.stop, err = postgresService.start()
	return started, err
})

// Postgres returns the DSN of the server of the test run, starting it if need be; a test that cannot have it fails.
func Postgres(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(EnvPostgres); address != "" {
		return address
	}
	own, err := postgresOnce()
	if err != nil {
		t.Fatalf("PostgreSQL: %v", err)
	}
	return own.address
}
