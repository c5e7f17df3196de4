package testenv

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// EnvRabbitMQ holds the amqp:// URL of the RabbitMQ server of a test run, of a user who may do anything.
const EnvRabbitMQ = "S3SQL_TEST_RABBITMQ"

// rabbitmqStart runs a node, and the daemon by which nodes find each other, on ports of their own and from the folder that it is given. The
// node is this shell's own child, not one of a script's, so that the end of the shell is the end of both.
const rabbitmqStart = `dir=$1 server=$2
set -a
HOME=$dir
RABBITMQ_NODENAME=s3sql@localhost
RABBITMQ_NODE_IP_ADDRESS=127.0.0.1
RABBITMQ_BASE=$dir RABBITMQ_MNESIA_BASE=$dir/data RABBITMQ_LOG_BASE=$dir/data RABBITMQ_LOGS=-
RABBITMQ_ENABLED_PLUGINS_FILE=$dir/plugins RABBITMQ_PID_FILE=$dir/pid RABBITMQ_GENERATED_CONFIG_DIR=$dir/data
RABBITMQ_CONF_ENV_FILE=$dir/none RABBITMQ_CONFIG_FILE=$dir/rabbitmq RABBITMQ_ADVANCED_CONFIG_FILE=$dir/none
RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS='-kernel inet_dist_use_interface {127,0,0,1} +sbwt none'
RABBITMQ_ALLOW_INPUT=1 RABBITMQ_SERVER_START_ARGS=-noinput
ERL_EPMD_ADDRESS=127.0.0.1
set +a
epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 & epmd=$!
"$server" & node=$!
trap 'kill -9 $node $epmd' USR1
wait $node; code=$?
kill -9 $epmd 2>/dev/null
exit $code
`

var rabbitmqService = service{
	name:    "rabbitmq",
	env:     EnvRabbitMQ,
	build:   func() (string, error) { return findProgram("sh") },
	folders: []string{"data"},
	prepare: func(_, dir string) error {
		if _, err := findProgram("epmd"); err != nil {
			return err
		}
		server, err := rabbitmqServer()
		if err != nil {
			return err
		}
		distribution, derr := freePort()
		epmd, eerr := freePort()
		// freePort may give a port twice, as nothing listens on the first yet; the server does not start then, and the next try has others.
		ports := fmt.Sprintf("export RABBITMQ_DIST_PORT=%d ERL_EPMD_PORT=%d\nset -- \"$1\" '%s'\n", distribution, epmd, server)
		return errors.Join(derr, eerr,
			os.WriteFile(filepath.Join(dir, "plugins"), []byte("[].\n"), 0o644),
			os.WriteFile(filepath.Join(dir, "rabbitmq.conf"), []byte("max_message_size = 16777216\n"), 0o644), // as newer versions have it
			os.WriteFile(filepath.Join(dir, "start.sh"), []byte(ports+rabbitmqStart), 0o644))
	},
	command: func(dir string, port int) (args, env []string) {
		// A shell cannot trap TERM where the one that started it ignores it.
		return []string{filepath.Join(dir, "start.sh"), dir}, []string{"RABBITMQ_NODE_PORT=" + strconv.Itoa(port), "TESTENV_STOP=USR1"}
	},
	address: func(port int) string { return "amqp://guest:guest@127.0.0.1:" + strconv.Itoa(port) + "/" },
	ready: func(address string) error {
		_, host, _ := strings.Cut(strings.TrimSuffix(address, "/"), "@")
		conn, err := net.DialTimeout("tcp", host, time.Second)
		if err != nil {
			return err
		}
		return errors.Join(greetRabbitMQ(conn), conn.Close())
	},
}

// rabbitmqServer finds the server's own script: the one in everyone's path, in Debian, runs it as another user.
func rabbitmqServer() (string, error) {
	for _, pattern := range []string{"/usr/lib/rabbitmq/bin/rabbitmq-server", "/usr/lib/rabbitmq/lib/rabbitmq_server-*/sbin/rabbitmq-server"} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[len(found)-1], nil
		}
	}
	return findProgram("rabbitmq-server")
}

// greetRabbitMQ says which protocol it speaks, and reads the beginning of the answer.
func greetRabbitMQ(conn net.Conn) error {
	if err := conn.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := conn.Write([]byte("AMQP\x00\x00\x09\x01")); err != nil {
		return err
	}
	frame := make([]byte, 11) // a header of 7 bytes, then class and method
	if _, err := io.ReadFull(conn, frame); err != nil {
		return err
	}
	if frame[0] != 1 || frame[8] != 10 || frame[10] != 10 { // connection.start
		return fmt.Errorf("it answers %x", frame)
	}
	return nil
}

// rabbitmqOnce starts the server of this process; see s3Once.
var rabbitmqOnce = sync.OnceValues(func() (started struct {
	address string
	stop    func() error
}, err error) {
	started.address, started.stop, err = rabbitmqService.start()
	return started, err
})

// RabbitMQ returns the URL of the server of the test run, starting it if need be; a test that cannot have it fails.
func RabbitMQ(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(EnvRabbitMQ); address != "" {
		return address
	}
	own, err := rabbitmqOnce()
	if err != nil {
		t.Fatalf("RabbitMQ: %v", err)
	}
	return own.address
}
