// SPDX-License-Identifier: Apache-2.0

package swiftpeer

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"
)

// python makes the command of a script. The system's Python has Swift's
// libraries.
func python(script string, args ...string) *exec.Cmd {
	cmd := exec.Command("/usr/bin/python3", append([]string{"-W", "ignore", script}, args...)...)
	cmd.Env = append(os.Environ(), "PYTHONPATH="+os.Getenv("SWIFT_SRC"), "PYTHONDONTWRITEBYTECODE=1")
	cmd.Stderr = os.Stderr
	return cmd
}

// Peer is a running script. A Peer is for a single goroutine.
type Peer struct {
	t   *testing.T
	in  io.WriteCloser
	out *bufio.Reader
}

// Start starts a script. The script ends with the test, with status 0.
func Start(t *testing.T, script string, args ...string) *Peer {
	t.Helper()
	cmd := python(script, args...)
	in, err := cmd.StdinPipe()
	require.NoError(t, err)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = in.Close()
		require.NoError(t, cmd.Wait())
	})
	return &Peer{t, in, bufio.NewReader(out)}
}

// Ask sends a question, and reads the answer into a pointer, or nowhere for nil.
func (p *Peer) Ask(answer any, question ...any) {
	p.t.Helper()
	line, err := json.Marshal(question)
	require.NoError(p.t, err)
	_, err = p.in.Write(append(line, '\n'))
	require.NoError(p.t, err)
	text, err := p.out.ReadBytes('\n')
	require.NoError(p.t, err, "%v", question)
	if answer != nil {
		require.NoError(p.t, json.Unmarshal(text, answer), "%s", text)
	}
}

// AskAll runs a script that reads all questions first, and returns the answers in
// the order of the questions.
func AskAll[Q any](t *testing.T, questions []Q, script string, args ...string) []json.RawMessage {
	t.Helper()
	var in bytes.Buffer
	for _, q := range questions {
		require.NoError(t, json.NewEncoder(&in).Encode(q))
	}
	cmd := python(script, args...)
	cmd.Stdin = &in
	out, err := cmd.Output()
	require.NoError(t, err)
	lines := bytes.Split(bytes.TrimSpace(out), []byte("\n"))
	require.Len(t, lines, len(questions))
	answers := make([]json.RawMessage, len(lines))
	for i, line := range lines {
		answers[i] = line
	}
	return answers
}
