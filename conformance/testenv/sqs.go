package testenv

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// EnvSQS holds the endpoint of the SQS server of a test run. It takes any credentials, and creates queues in any region.
const EnvSQS = "S3SQL_TEST_SQS"

// fauxqsFiles pin the server, and the node that it needs, as the folders of conformance pin tools in Go.
//
//go:embed fauxqs/package.json fauxqs/package-lock.json
var fauxqsFiles embed.FS

// fauxqsServe is the server on loopback only, which its own command is not.
const fauxqsServe = `import { pathToFileURL } from "node:url";
const { buildApp } = await import(pathToFileURL(process.env.FAUXQS_APP).href);
await buildApp({ logger: false }).listen({ host: "127.0.0.1", port: Number(process.env.FAUXQS_PORT) });
`

var sqsService = service{
	name:  "fauxqs",
	env:   EnvSQS,
	build: installFauxqs,
	prepare: func(program, dir string) error {
		// program is node_modules/node/bin/node.
		app := filepath.Join(filepath.Dir(program), "..", "..", "fauxqs", "dist", "app.js")
		return os.WriteFile(filepath.Join(dir, "serve.mjs"), []byte("process.env.FAUXQS_APP = "+strconv.Quote(app)+";\n"+fauxqsServe), 0o644)
	},
	command: func(dir string, port int) (args, env []string) {
		return []string{filepath.Join(dir, "serve.mjs")}, []string{"FAUXQS_PORT=" + strconv.Itoa(port)}
	},
	address: func(port int) string { return "http://127.0.0.1:" + strconv.Itoa(port) },
	ready: func(address string) error {
		resp, err := http.Get(address + "/health")
		if err != nil {
			return err
		}
		if resp.StatusCode != http.StatusOK {
			err = fmt.Errorf("its health is %s", resp.Status)
		}
		return errors.Join(err, resp.Body.Close())
	},
}

// installFauxqs installs the server with npm into the user's cache folder, once for each version of the pins, and returns the path of its node.
func installFauxqs() (string, error) {
	files := map[string][]byte{}
	hash := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := fauxqsFiles.ReadFile("fauxqs/" + name)
		if err != nil {
			return "", err
		}
		files[name] = data
		hash.Write(data)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "s3sql-testenv", fmt.Sprintf("fauxqs-%.12x", hash.Sum(nil)))
	program := filepath.Join(cache, "node_modules", "node", "bin", "node")
	done := filepath.Join(cache, "done")
	if _, err := os.Stat(done); err == nil {
		return program, nil
	}
	npm, err := findProgram("npm")
	if err != nil {
		return "", err
	}
	if err := os.MkdirAll(cache, 0o755); err != nil {
		return "", err
	}
	return program, locked(filepath.Join(cache, "lock"), func() error { return npmInstall(npm, cache, done, files) })
}

func npmInstall(npm, dir, done string, files map[string][]byte) error {
	if _, err := os.Stat(done); err == nil {
		return nil // by the process that we have waited for
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			return err
		}
	}
	cmd := exec.Command(npm, "ci", "--no-audit", "--no-fund")
	cmd.Dir = dir
	var said bytes.Buffer
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci: %w: %.2000s", err, said.String())
	}
	return os.WriteFile(done, nil, 0o644)
}

// sqsOnce starts the server of this process; see s3Once.
var sqsOnce = sync.OnceValues(func() (started struct {
	address string
	stop    func() error
}, err error) {
	started.address, started.stop, err = sqsService.start()
	return started, err
})

// SQS returns the endpoint of the server of the test run, starting it if need be; a test that cannot have it fails.
func SQS(t testing.TB) string {
	t.Helper()
	if address := os.Getenv(EnvSQS); address != "" {
		return address
	}
	own, err := sqsOnce()
	if err != nil {
		t.Fatalf("SQS server: %v", err)
	}
	return own.address
}
