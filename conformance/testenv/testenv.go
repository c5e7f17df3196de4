// Package testenv gives tests the services they need, on loopback ports of their own.
//
// The command in cmd/testenv starts the services once and runs another command, such as go test ./..., with their
// addresses in the environment. A test binary that finds no address there starts what its tests ask for by itself.
// Either way a service ends with the process that started it, and its data with it. A service that cannot be had fails
// the test: nothing is skipped. docs/testing.md tells more.
package testenv

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// service is one server program that tests may use: a file of this package each.
type service struct {
	name string
	// env is the variable that carries the address.
	env string
	// build makes the program, once a machine, and returns its path.
	build func() (string, error)
	// folders are made in its data folder before it starts.
	folders []string
	// owner, which may be nil, says whom the data folder belongs to and the program runs as; nil: whom the tests run as.
	owner func() (*syscall.Credential, error)
	// prepare, which may be nil, fills the data folder before the service starts.
	prepare func(program, dir string) error
	// command returns the program's arguments and environment, to serve from dir on a loopback port.
	command func(dir string, port int) (args, env []string)
	// address is what the variable holds.
	address func(port int) string
	// ready returns nil once the service answers.
	ready func(address string) error
}

// services are those that Start starts.
func services() []*service {
	return []*service{&s3Service, &mariadbService, &postgresService, &rabbitmqService, &sqsService}
}

// Running is the set of services that Start has started.
type Running struct {
	// Environ are the variables, as NAME=value, that lead tests to the services.
	Environ []string
	stops   []func() error
}

// Start starts every service whose address is not in the environment yet. Progress goes to log.
func Start(log io.Writer) (*Running, error) {
	r := &Running{}
	for _, s := range services() {
		if os.Getenv(s.env) != "" {
			continue
		}
		begin := time.Now()
		address, stop, err := s.start()
		if err != nil {
			return nil, errors.Join(err, r.Stop())
		}
		r.stops = append(r.stops, stop)
		r.Environ = append(r.Environ, s.env+"="+address)
		if _, err = fmt.Fprintf(log, "testenv: %s at %s (%.1fs)\n", s.name, address, time.Since(begin).Seconds()); err != nil {
			return nil, errors.Join(err, r.Stop())
		}
	}
	return r, nil
}

// Stop ends the services and removes their data.
func (r *Running) Stop() error {
	var errs []error
	for _, stop := range r.stops {
		errs = append(errs, stop())
	}
	r.stops = nil
	return errors.Join(errs...)
}

// start runs the service until stop is called or this process ends.
func (s *service) start() (address string, stop func() error, err error) {
	program, err := s.build()
	if err != nil {
		return "", nil, fmt.Errorf("%s cannot be built: %w", s.name, err)
	}
	for range 5 { // another process may take the port between our asking for it and the service's
		if address, stop, err = s.startOnce(program); err == nil {
			return address, stop, nil
		}
	}
	return "", nil, fmt.Errorf("%s does not start: %w", s.name, err)
}

// watch runs "$@" until its own standard input ends, which it does when the process at the other end of the pipe ends,
// however that comes; then it ends the program, by its id and with the signal TESTENV_STOP if there is one, and removes
// the data. A program that ends by itself leaves the file exit.
const watch = `dir=$1; shift
trap '' INT HUP TERM
exec 3<&0
"$@" >"$dir/log" 2>&1 </dev/null 3<&- & pid=$!
{
	cat <&3 >/dev/null
	kill -${TESTENV_STOP:-TERM} $pid 2>/dev/null
	n=0; while kill -0 $pid 2>/dev/null && [ $n -lt 50 ]; do sleep 0.1; n=$((n+1)); done
	kill -9 $pid 2>/dev/null
} & end=$!
wait $pid
echo $? >"$dir/exit"
wait $end
rm -rf "$dir"`

func (s *service) startOnce(program string) (address string, stop func() error, err error) {
	port, err := freePort()
	if err != nil {
		return "", nil, err
	}
	dir, err := os.MkdirTemp("", "s3sql-"+s.name+"-")
	if err != nil {
		return "", nil, err
	}
	for _, sub := range s.folders {
		if err := os.Mkdir(filepath.Join(dir, sub), 0o755); err != nil {
			return "", nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	attr := &syscall.SysProcAttr{}
	if s.owner != nil {
		if attr.Credential, err = s.own(dir); err != nil {
			return "", nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	if s.prepare != nil {
		if err := s.prepare(program, dir); err != nil {
			return "", nil, errors.Join(err, os.RemoveAll(dir))
		}
	}
	args, env := s.command(dir, port)
	cmd := exec.Command("sh", append([]string{"-c", watch, "sh", dir, program}, args...)...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = append(os.Environ(), env...), dir, attr
	lifeline, err := cmd.StdinPipe()
	if err != nil {
		return "", nil, err
	}
	if err := cmd.Start(); err != nil {
		return "", nil, errors.Join(err, os.RemoveAll(dir))
	}
	// The shell removes the folder, unless it runs as an owner who may not.
	stop = func() error { return errors.Join(lifeline.Close(), cmd.Wait(), os.RemoveAll(dir)) }
	address = s.address(port)
	if err := await(dir, func() error { return s.ready(address) }); err != nil {
		said, _ := os.ReadFile(filepath.Join(dir, "log")) // absent when the shell itself has failed
		return "", nil, errors.Join(fmt.Errorf("%w; it said: %.2000s", err, said), stop())
	}
	return address, stop, nil
}

// own gives the data folder to the service's owner and returns it.
func (s *service) own(dir string) (*syscall.Credential, error) {
	owner, err := s.owner()
	if err != nil || owner == nil {
		return nil, err
	}
	for _, sub := range append([]string{"."}, s.folders...) {
		if err := os.Chown(filepath.Join(dir, sub), int(owner.Uid), int(owner.Gid)); err != nil {
			return nil, err
		}
	}
	return owner, nil
}

// await calls ready until it returns nil, for up to 20 seconds or until the program has ended.
func await(dir string, ready func() error) error {
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		_, running := os.Stat(filepath.Join(dir, "exit"))
		err := ready()
		if err == nil || running == nil || time.Now().After(deadline) {
			return err
		}
	}
}

func freePort() (port int, err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	return l.Addr().(*net.TCPAddr).Port, l.Close()
}
