package testenv

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"
)

// EnvMariaDB holds host:port of the MariaDB server of a test run. Its user root has no password.
const EnvMariaDB = "S3SQL_TEST_MARIADB"

var mariadbService = service{
	name:    "mariadb",
	env:     EnvMariaDB,
	build:   findMariaDB,
	folders: []string{"data", "tmp"},
	prepare: func(program, dir string) error {
		install, err := findProgram("mariadb-install-db", "mysql_install_db")
		if err != nil {
			return err
		}
		cmd := exec.Command(install, append(mariadbArgs(dir), "--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", "--force")...)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %.2000s", install, err, out)
		}
		return nil
	},
	command: func(dir string, port int) (args, env []string) {
		return append(mariadbArgs(dir), "--bind-address=127.0.0.1", "--port="+strconv.Itoa(port), "--socket="+filepath.Join(dir, "socket"),
			"--pid-file="+filepath.Join(dir, "pid"), "--tmpdir="+filepath.Join(dir, "tmp"), "--skip-name-resolve",
			// The data end with the run: nothing has to survive a crash.
			"--innodb-flush-log-at-trx-commit=0", "--skip-innodb-doublewrite", "--innodb-log-file-size=8M", "--innodb-buffer-pool-size=64M", "--skip-log-bin",
			"--performance-schema=OFF", "--character-set-server=utf8mb4", "--collation-server=utf8mb4_bin"), nil
	},
	address: func(port int) string { return "127.0.0.1:" + strconv.Itoa(port) },
	ready: func(address string) error {
		conn, err := net.DialTimeout("tcp", address, time.Second)
		if err != nil {
			return err
		}
		// A server that serves begins the conversation; one that is not ready yet does not accept, or says nothing.
		greeting := make([]byte, 5)
		_, err = io.ReadFull(conn, greeting)
		if err == nil && greeting[4] != 10 {
			err = fmt.Errorf("the greeting begins with %x", greeting)
		}
		return errors.Join(err, conn.Close())
	},
}

// mariadbArgs are what the installation and the server have in common. The server refuses to run as root unless told to.
func mariadbArgs(dir string) []string {
	args := []string{"--no-defaults", "--datadir=" + filepath.Join(dir, "data")}
	if u, err := user.Current(); err == nil {
		args = append(args, "--user="+u.Username)
	}
	return args
}

func findMariaDB() (string, error) { return findProgram("mariadbd", "mysqld") }

// findProgram looks for a program by its names, also where servers are installed that are not in everyone's path.
func findProgram(names ...string) (string, error) {
	for _, n := range names {
		if path, err := exec.LookPath(n); err == nil {
			return path, nil
		}
		for _, dir := range []string{"/usr/sbin", "/usr/local/sbin", "/usr/bin"} {
			if info, err := os.Stat(filepath.Join(dir, n)); err == nil && !info.IsDir() {
				return filepath.Join(dir, n), nil
			}
		}
	}
	return "", fmt.Errorf("there is no %s; make prepare installs it", names[0])
}

// mariadbOnce starts the server of this process; see s3Once.
var mariadbOnce = sync.OnceValues(func() (started struct {
	address string
	stop    func() error
}, err error) {
	started.address, started.stop, err = mariadbService.start()
	return started, err
})

// MariaDB returns host:port of the server of the test run, starting it if need be; a test that cannot have it fails.
func MariaDB(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(EnvMariaDB); address != "" {
		return address
	}
	own, err := mariadbOnce()
	if err != nil {
		t.Fatalf("MariaDB: %v", err)
	}
	return own.address
}
