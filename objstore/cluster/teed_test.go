// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bytes"
	"context"
	"crypto/md5"
	"encoding/hex"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/pipe"
)

// socketBody is the body of a client's request.
type socketBody struct {
	*net.TCPConn
	from  *pipe.Source
	left  int
	piped int
	turns int
	every int // each so many pieces are read, and not piped; 0: all are piped

	onTurn func(turn int)
}

func newSocketBody(t *testing.T, body []byte) *socketBody {
	client, server := connectedSockets(t)
	b := &socketBody{TCPConn: server, left: len(body), onTurn: func(int) {}}
	raw, err := b.SyscallConn()
	require.NoError(t, err)
	b.from = pipe.NewSource(raw)
	go func() {
		_, _ = client.Write(body)
		_ = client.CloseWrite()
	}()
	return b
}

func (b *socketBody) Read(p []byte) (int, error) {
	n, err := b.TCPConn.Read(p)
	b.left -= n
	return n, err
}

func (b *socketBody) FillPipe(p *pipe.Pipe, most int) (int, error) {
	b.turns++
	b.onTurn(b.turns)
	if b.every > 0 && b.turns%b.every == 0 {
		return 0, nil
	}
	n, err := b.from.Fill(p, most)
	b.piped += n
	if b.left -= n; b.left == 0 {
		err = io.EOF
	}
	return n, err
}

// stored are the bodies that the nodes hold.
func (e *mixEnv) stored() (all [][]byte) {
	for _, n := range e.objectWalk() {
		n.mu.Lock()
		for _, o := range n.objects {
			all = append(all, o.body)
		}
		n.mu.Unlock()
	}
	return all
}

// A body goes from the client's socket to the sockets of all nodes, through
// pipes and memory in turns.
func TestTeedUpload(t *testing.T) {
	for _, every := range []int{0, 2, 3} {
		e := newMix(t, Options{})
		body := seededBody(t, 3<<20+12345)
		from := newSocketBody(t, body)
		from.every = every
		info, err := e.s.PutObject(context.Background(), e.id, from, objstore.PutOptions{SizeBytes: int64(len(body))})
		require.NoError(t, err)
		sum := md5.Sum(body)
		require.Equal(t, hex.EncodeToString(sum[:]), info.ETag)
		all := e.stored()
		require.Len(t, all, 3)
		for _, got := range all {
			require.True(t, bytes.Equal(body, got))
		}
		require.Greater(t, from.piped, len(body)/4)
	}
}

// A node that breaks in the middle of a piece is left, and the other nodes have the
// whole body.
func TestTeedUploadLosesANode(t *testing.T) {
	e := newMix(t, Options{})
	broken := e.objectWalk()[1]
	body := seededBody(t, 8<<20)
	from := newSocketBody(t, body)
	from.onTurn = func(turn int) {
		if turn == 4 {
			broken.Close()
		}
	}
	_, err := e.s.PutObject(context.Background(), e.id, from, objstore.PutOptions{SizeBytes: int64(len(body))})
	require.NoError(t, err)
	all := e.stored()
	require.Len(t, all, 2)
	for _, got := range all {
		require.True(t, bytes.Equal(body, got))
	}
}

// A client that leaves in the middle leaves no object, and its error is the
// upload's.
func TestTeedUploadIsCutShort(t *testing.T) {
	e := newMix(t, Options{})
	body := seededBody(t, 1<<20)
	_, err := e.s.PutObject(context.Background(), e.id, newSocketBody(t, body), objstore.PutOptions{SizeBytes: int64(len(body)) + 1<<20})
	wantKind(t, err, objstore.KindShortBody)
	require.Empty(t, e.stored())
}
