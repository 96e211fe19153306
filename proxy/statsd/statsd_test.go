// SPDX-License-Identifier: Apache-2.0

package statsd

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func linesOf(e encoder, r Request) (lines []string) {
	e.lines(nil, &r, func(line []byte) { lines = append(lines, string(line)) })
	return lines
}

// The names and the order are Swift's (swift/common/middleware/proxy_logging.py).
func TestLines(t *testing.T) {
	get := Request{
		Type: "object", Method: "GET", Status: 499, Sent: 200, Policy: "1", Bytes: 12,
		Duration: 1500 * time.Microsecond, FirstByte: 250 * time.Microsecond,
	}
	require.Equal(t, []string{
		"a.b.proxy-server.object.GET.200.first-byte.timing:0.25|ms",
		"a.b.proxy-server.object.policy.1.GET.200.first-byte.timing:0.25|ms",
		"a.b.proxy-server.object.GET.499.timing:1.5|ms",
		"a.b.proxy-server.object.GET.499.xfer:12|c",
		"a.b.proxy-server.object.policy.1.GET.499.timing:1.5|ms",
		"a.b.proxy-server.object.policy.1.GET.499.xfer:12|c",
	}, linesOf(encoder{prefix: "a.b.", rate: 1}, get))
	get.FirstByte, get.Policy = 0, ""
	require.Equal(t, []string{
		"proxy-server.object.GET.499.timing:1.5|ms", "proxy-server.object.GET.499.xfer:12|c",
	}, linesOf(encoder{rate: 1}, get))
	require.Equal(t, []string{
		"proxy-server.container.BAD_METHOD.405.timing:0|ms", "proxy-server.container.BAD_METHOD.405.xfer:0|c",
	}, linesOf(encoder{rate: 1}, Request{Type: "container", Method: "BREW", Status: 405, Policy: "1", FirstByte: 1}))
}

// Each line is sampled apart.
func TestSampling(t *testing.T) {
	draws := []float64{0.1, 0.25, 0.24}
	e := encoder{rate: 0.25, random: func() float64 {
		d := draws[0]
		draws = draws[1:]
		return d
	}}
	require.Equal(t, []string{
		"proxy-server.account.GET.204.first-byte.timing:1|ms|@0.25", "proxy-server.account.GET.204.xfer:0|c|@0.25",
	}, linesOf(e, Request{Type: "account", Method: "GET", Status: 204, Sent: 204, FirstByte: time.Millisecond}))
	require.Empty(t, draws)
}

// listen returns a socket of loopback, and a client of the socket.
func listen(t *testing.T) (net.PacketConn, *Client) {
	t.Helper()
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = socket.Close() })
	require.NoError(t, socket.SetReadDeadline(time.Now().Add(time.Minute)))
	return socket, New(Options{
		Host: "127.0.0.1", Port: socket.LocalAddr().(*net.UDPAddr).Port, Prefix: "p", Rate: 1,
		Logger: slog.New(slog.DiscardHandler),
	})
}

// run runs a client until the caller calls stop.
func run(c *Client) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() { c.Run(ctx) })
	return func() {
		cancel()
		wg.Wait()
	}
}

// All requests that wait reach the socket, also after the end of the client, in
// packets of at most packetBytesMax.
func TestPackets(t *testing.T) {
	socket, c := listen(t)
	const requests = 100
	for range requests {
		c.Send(Request{Type: "object", Method: "PUT", Status: 201, Sent: 201, Bytes: 7})
	}
	run(c)()
	lines := 0
	buf := make([]byte, 64<<10)
	for lines < 2*requests {
		n, _, err := socket.ReadFrom(buf)
		require.NoError(t, err)
		require.LessOrEqual(t, n, packetBytesMax)
		for line := range strings.SplitSeq(string(buf[:n]), "\n") {
			require.Regexp(t, `^p\.proxy-server\.object\.PUT\.201\.(timing:0\|ms|xfer:7\|c)$`, line)
			lines++
		}
	}
	require.Equal(t, 2*requests, lines)
}

// A packet is filled up to the last byte and no further.
func TestPacketBound(t *testing.T) {
	_, c := listen(t)
	c.add(make([]byte, packetBytesMax-11))
	c.add(make([]byte, 10))
	require.Len(t, c.packet, packetBytesMax)
	c.add(nil)
	require.Empty(t, c.packet, "the full packet is sent")
	c.add(make([]byte, packetBytesMax-10))
	c.add(make([]byte, 10))
	require.Len(t, c.packet, 10)
	c.disconnect()
}

// Without Run, queueMax requests wait, a further request is dropped, and Send
// returns.
func TestQueueIsBounded(t *testing.T) {
	_, c := listen(t)
	for range queueMax {
		c.Send(Request{})
	}
	require.Zero(t, c.Dropped())
	c.Send(Request{})
	require.EqualValues(t, 1, c.Dropped())
}

// A name without an address costs lines, and nothing else. The name is asked for
// again after resolveEvery.
func TestNameWithoutAddress(t *testing.T) {
	socket, c := listen(t)
	good, now := c.address, time.Unix(1, 0)
	c.now = func() time.Time { return now }
	c.address = "127.0.0.1:no-such-port"
	c.add([]byte("lost"))
	c.flush()
	require.Nil(t, c.conn)
	require.Empty(t, c.packet)
	c.address = good
	now = now.Add(resolveEvery - 1)
	c.add([]byte("lost"))
	c.flush()
	require.Nil(t, c.conn, "the name is asked for too early")
	now = time.Now().Add(resolveEvery)
	c.add([]byte("there"))
	c.flush()
	buf := make([]byte, 100)
	n, _, err := socket.ReadFrom(buf)
	require.NoError(t, err)
	require.Equal(t, "there", string(buf[:n]))
	c.disconnect()
}

// At a port without a listener the client goes on.
func TestNobodyListens(t *testing.T) {
	socket, c := listen(t)
	require.NoError(t, socket.Close())
	stop := run(c)
	for i := range 100 {
		c.Send(Request{Type: "account", Method: "GET", Policy: fmt.Sprint(i)})
	}
	stop()
	require.Empty(t, c.queue)
}

func BenchmarkSend(b *testing.B) {
	c := New(Options{Host: "127.0.0.1", Port: 9, Rate: 1, Logger: slog.New(slog.DiscardHandler)})
	b.ReportAllocs()
	for b.Loop() {
		c.Send(Request{Type: "object", Method: "GET", Status: 200, Sent: 200, Policy: "0", Bytes: 4096})
		<-c.queue
	}
}
