// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"bufio"
	"bytes"
	"crypto/md5"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftconf"
	"needletail/ring"
)

// benchConf has a policy of three copies and a policy of fragments.
const benchConf = `
[swift-hash]
swift_hash_path_suffix = x
[storage-policy:0]
name = gold
default = yes
[storage-policy:1]
name = ec42
policy_type = erasure_coding
ec_type = liberasurecode_rs_vand
ec_num_data_fragments = 4
ec_num_parity_fragments = 2
`

const benchNodes = 6

// bareNode is a server that does as little as can be: it drops what it gets, and has
// a container and an object. wiretest's servers take more time than the Store.
type bareNode struct {
	policy string // of the container
	object string // answer to the GET of an object
}

// serve answers the requests of a connection.
func (n *bareNode) serve(c net.Conn) {
	defer c.Close()
	in := bufio.NewReaderSize(c, 256<<10)
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		h, err := textproto.NewReader(in).ReadMIMEHeader()
		if err != nil {
			return
		}
		method, path, _ := strings.Cut(line, " ")
		switch object := strings.Count(path, "/") > 5; { // HTTP/1.1 has a slash too
		case !object:
			err = n.say(c, "HTTP/1.1 204 No Content\r\nX-Put-Timestamp: 1.0\r\nX-Timestamp: 1.0\r\nX-Backend-Storage-Policy-Index: "+n.policy+"\r\n\r\n")
		case method == "GET":
			err = n.say(c, n.object)
		default:
			err = n.put(c, in, h)
		}
		if err != nil {
			return
		}
	}
}

func (n *bareNode) say(c net.Conn, text string) error {
	_, err := io.WriteString(c, text)
	return err
}

func (n *bareNode) put(c net.Conn, in *bufio.Reader, h textproto.MIMEHeader) error {
	phases := 1
	if h.Get("X-Backend-Obj-Multiphase-Commit") != "" {
		phases = 2
	}
	for range phases {
		if err := n.say(c, "HTTP/1.1 100 Continue\r\nX-Obj-Metadata-Footer: yes\r\nX-Obj-Multiphase-Commit: yes\r\n\r\n"); err != nil {
			return err
		}
		if err := dropBody(in, h); err != nil {
			return err
		}
	}
	return n.say(c, "HTTP/1.1 201 Created\r\nEtag: \"e\"\r\nContent-Length: 0\r\n\r\n")
}

func dropBody(in *bufio.Reader, h textproto.MIMEHeader) error {
	if length := h.Get("Content-Length"); length != "" {
		n, err := strconv.Atoi(length)
		if err == nil {
			_, err = in.Discard(n)
		}
		return err
	}
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return err
		}
		n, err := strconv.ParseInt(strings.TrimSpace(line), 16, 64)
		if err == nil {
			_, err = in.Discard(int(n) + len("\r\n"))
		}
		if err != nil || n == 0 {
			return err
		}
	}
}

// openBare opens a Store over bare nodes, with an object of a body.
func openBare(b *testing.B, policy string, body []byte) *Store {
	b.Helper()
	dir := b.TempDir()
	require.NoError(b, os.WriteFile(filepath.Join(dir, "swift.conf"), []byte(benchConf), 0o600))
	nodes := make([]*bareNode, benchNodes)
	builders := map[string]float64{"account": 3, "container": 3, "object": 3, "object-1": benchNodes}
	devices := make([]ring.Device, benchNodes)
	for i := range nodes {
		nodes[i] = &bareNode{policy: policy}
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(b, err)
		b.Cleanup(func() { _ = l.Close() })
		go func() {
			for {
				c, err := l.Accept()
				if err != nil {
					return
				}
				go nodes[i].serve(c)
			}
		}()
		at := l.Addr().(*net.TCPAddr)
		devices[i] = ring.Device{ID: i, Region: 1, Zone: i + 1, Weight: 1, IP: at.IP.String(), Port: at.Port,
			ReplicationIP: at.IP.String(), ReplicationPort: at.Port, Device: fmt.Sprint("sd", i)}
	}
	for name, replicas := range builders {
		rb, err := ring.NewBuilder(2, replicas, 0)
		require.NoError(b, err)
		for _, d := range devices {
			require.NoError(b, rb.Add(d))
		}
		_, err = rb.Rebalance(1)
		require.NoError(b, err)
		r, err := rb.Ring(ring.Hash{Suffix: "x"})
		require.NoError(b, err)
		require.NoError(b, r.WriteFile(filepath.Join(dir, name+".ring.gz"), 1))
	}
	d, err := swiftconf.Open(dir, swiftconf.DirOptions{})
	require.NoError(b, err)
	s, err := Open(Options{Dir: d, IdlePerNode: 64})
	require.NoError(b, err)
	b.Cleanup(func() { require.NoError(b, s.Close()) })
	store(b, s, nodes, policy, body)
	return s
}

// store gives the nodes their answers to a GET.
func store(b *testing.B, s *Store, nodes []*bareNode, policy string, body []byte) {
	b.Helper()
	const at = "1700000000.00000"
	etag := fmt.Sprintf("%x", md5.Sum(body))
	head := func(length int, more string) string {
		return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\nContent-Type: text/plain\r\nX-Timestamp: %[2]s\r\n"+
			"X-Backend-Timestamp: %[2]s\r\nX-Backend-Data-Timestamp: %[2]s\r\nX-Backend-Durable-Timestamp: %[2]s\r\n%[3]s\r\n", length, at, more)
	}
	if policy == "0" {
		for _, n := range nodes {
			n.object = head(len(body), "Etag: \""+etag+"\"\r\n") + string(body)
		}
		return
	}
	code := s.codings[1]
	archives := make([]bytes.Buffer, len(nodes))
	fragments := make([][]byte, len(nodes))
	for rest := body; len(rest) > 0; {
		n := min(len(rest), int(code.SegmentBytes))
		require.NoError(b, code.codec.Encode(rest[:n], fragments))
		for i := range archives {
			archives[i].Write(fragments[i])
		}
		rest = rest[n:]
	}
	for i, n := range nodes {
		more := fmt.Sprintf("Etag: \"%x\"\r\nX-Object-Sysmeta-Ec-Etag: %s\r\nX-Object-Sysmeta-Ec-Content-Length: %d\r\n"+
			"X-Object-Sysmeta-Ec-Frag-Index: %d\r\nX-Object-Sysmeta-Ec-Segment-Size: %d\r\nX-Backend-Fragments: {\"%s\": [%[4]d]}\r\n",
			md5.Sum(archives[i].Bytes()), etag, len(body), i, code.SegmentBytes, at)
		n.object = head(archives[i].Len(), more) + archives[i].String()
	}
}

// BenchmarkStore puts and gets objects of a size by some streams at once. The
// processor's time is that of the Store and of the bare nodes together.
func BenchmarkStore(b *testing.B) {
	for _, policy := range []string{"0", "1"} {
		for _, size := range []int{4 << 10, 1 << 20, 16 << 20} {
			body := bytes.Repeat([]byte("0123456789abcdef"), size/16)
			s := openBare(b, policy, body)
			for _, method := range []string{"PUT", "GET"} {
				for _, streams := range []int{1, 8} {
					name := fmt.Sprintf("policy=%s/op=%s/size=%dKiB/streams=%d", policy, method, size>>10, streams)
					b.Run(name, func(b *testing.B) { benchStore(b, s, method, body, streams) })
				}
			}
		}
	}
}

func benchStore(b *testing.B, s *Store, method string, body []byte, streams int) {
	id := objstore.ObjectID{Account: "AUTH_a", Container: "c", Object: "o"}
	ask := func() error {
		if method == "PUT" {
			_, err := s.PutObject(b.Context(), id, bytes.NewReader(body), objstore.PutOptions{SizeBytes: int64(len(body))})
			return err
		}
		o, err := s.OpenObject(b.Context(), id, objstore.OpenOptions{})
		if err != nil {
			return err
		}
		defer o.Close()
		n, err := io.Copy(io.Discard, o.Range(0, int64(len(body))))
		if err == nil && n != int64(len(body)) {
			err = io.ErrUnexpectedEOF
		}
		return err
	}
	require.NoError(b, ask())
	b.ReportAllocs()
	begin := processSeconds(b)
	b.ResetTimer()
	errs := make([]error, streams)
	var all sync.WaitGroup
	for stream := range streams {
		all.Go(func() {
			for n := stream; n < b.N && errs[stream] == nil; n += streams {
				errs[stream] = ask()
			}
		})
	}
	all.Wait()
	for _, err := range errs {
		require.NoError(b, err)
	}
	spent := processSeconds(b) - begin
	b.ReportMetric(spent/float64(b.N)*1e6, "cpu-µs/op")
	b.ReportMetric(spent/float64(b.N)/float64(len(body))*1e9, "cpu-s/GB")
}

func processSeconds(b *testing.B) float64 {
	var usage unix.Rusage
	require.NoError(b, unix.Getrusage(unix.RUSAGE_SELF, &usage))
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}
