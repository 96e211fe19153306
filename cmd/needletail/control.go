// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"needletail/objstore/engine"
)

// A running server answers commands of the operator on a socket in the data
// folder. Only the server's user may open the socket. The protocol is HTTP:
//
//	POST /check   JSON of checkRequest; the answer is JSON lines: findings,
//	              progress, and at the end a report or an error
const controlName = "control.sock"

const (
	controlBodyMax     = 64 << 10
	controlHeaderLimit = 10 * time.Second
)

// controlPath is a short path of the socket: the system takes 107 bytes, and
// data folders may have longer names. The folder must stay open meanwhile.
func controlPath(folder *os.File) string {
	return fmt.Sprintf("/proc/self/fd/%d/%s", folder.Fd(), controlName)
}

// serveControl answers until stop is called.
func serveControl(data string, e *engine.Engine, logger *slog.Logger) (stop func() error, err error) {
	folder, err := os.Open(data)
	if err != nil {
		return nil, err
	}
	// The data folder is locked: an old socket belongs to a dead process.
	if err := os.Remove(filepath.Join(data, controlName)); err != nil && !os.IsNotExist(err) {
		return nil, errors.Join(err, folder.Close())
	}
	ln, err := listenPrivate(controlPath(folder))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("control socket: %w", err), folder.Close())
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /check", func(w http.ResponseWriter, r *http.Request) { answerCheck(w, r, e) })
	srv := &http.Server{Handler: mux, ReadHeaderTimeout: controlHeaderLimit, ErrorLog: slog.NewLogLogger(logger.Handler(), slog.LevelWarn)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
			logger.Error("the control socket failed", "err", err)
		}
	}()
	return func() error {
		err := srv.Close() // a check that runs ends with its connection
		<-done
		return errors.Join(err, os.Remove(filepath.Join(data, controlName)), folder.Close())
	}, nil
}

// listenPrivate returns a socket to which only this user may connect. The
// socket has a temporary name until the mode is set: before, nobody can find
// the socket.
func listenPrivate(path string) (net.Listener, error) {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	ln, err := net.Listen("unix", fresh)
	if err != nil {
		return nil, err
	}
	ln.(*net.UnixListener).SetUnlinkOnClose(false)
	if err := errors.Join(os.Chmod(fresh, 0o600), os.Rename(fresh, path)); err != nil {
		return nil, errors.Join(err, ln.Close())
	}
	return ln, nil
}

// errNoControl: a process uses the data folder and does not answer.
var errNoControl = errors.New("a process uses the data folder and does not answer on its control socket")

// callControl sends a request to the server that uses the data folder, and
// calls visit with each line of the answer.
func callControl(ctx context.Context, data, path string, request any, visit func(line []byte) error) error {
	folder, err := os.Open(data)
	if err != nil {
		return err
	}
	defer folder.Close()
	body, err := json.Marshal(request)
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", controlPath(folder))
	}}
	defer transport.CloseIdleConnections()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://control"+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	res, err := (&http.Client{Transport: transport}).Do(r)
	if err != nil {
		return fmt.Errorf("%w: %w", errNoControl, err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		why, _ := io.ReadAll(io.LimitReader(res.Body, controlBodyMax)) // as much as there is
		return fmt.Errorf("%w: %s: %s", errUsage, res.Status, bytes.TrimSpace(why))
	}
	lines := json.NewDecoder(res.Body)
	for {
		var line json.RawMessage
		if err := lines.Decode(&line); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("%w: %w", errNoControl, err)
		}
		if err := visit(line); err != nil {
			return err
		}
	}
}
