// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/md5"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"needletail/objstore/cluster/swiftconf"
)

const (
	// maxReconBytes bounds an answer of a server: a sum for each of the rings of
	// at most 256 policies.
	maxReconBytes = 256 << 10
	// maxShownBytes bounds what is printed of an answer's text.
	maxShownBytes = 80
)

// clusterCheck asks servers what they have, through Swift's filter recon
// (swift/common/middleware/recon.py).
type clusterCheck struct {
	checkOptions
	servers []*clusterServer
	sums    map[string]string // MD5 of the local files by name
	client  *http.Client
}

// newClusterCheck takes the sums of the local files.
func newClusterCheck(dir *swiftconf.Dir, folder string, o checkOptions) (*clusterCheck, error) {
	c := &clusterCheck{
		checkOptions: o,
		servers:      clusterServers(dir),
		sums:         map[string]string{},
		client: &http.Client{
			Timeout:       o.timeout,
			Transport:     &http.Transport{DisableKeepAlives: true}, // and no proxy of the environment
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
	}
	names := []string{"swift.conf", "account.ring.gz", "container.ring.gz"}
	for _, p := range dir.Config().Policies {
		names = append(names, p.RingName())
	}
	for _, name := range names {
		sum, err := fileMD5(filepath.Join(folder, name))
		if err != nil {
			return nil, err
		}
		c.sums[name] = sum
	}
	return c, nil
}

func fileMD5(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := md5.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", err
	}
	return fmt.Sprintf("%x", h.Sum(nil)), nil
}

// run asks all servers, a few at a time, and prints what does not agree.
func (c *clusterCheck) run(ctx context.Context, w io.Writer) error {
	findings := make([][]string, len(c.servers))
	next := make(chan int)
	var workers sync.WaitGroup
	for range min(checkAtOnce, len(c.servers)) {
		workers.Go(func() {
			for i := range next {
				findings[i] = c.ask(ctx, c.servers[i])
			}
		})
	}
	for i := range c.servers {
		next <- i
	}
	close(next)
	workers.Wait()
	return printFindings(w, c.servers, findings, c.verbose)
}

// ask returns what is wrong with a server.
func (c *clusterCheck) ask(ctx context.Context, s *clusterServer) []string {
	kind, err := c.serverKind(ctx, s)
	if err != nil {
		return []string{"no answer: " + err.Error()}
	}
	if want := s.kind + "-server"; kind != want {
		return []string{fmt.Sprintf("is not a server of this kind: its name is %q", cut(kind))}
	}
	var findings []string
	for _, check := range []func(context.Context, *clusterServer) ([]string, error){c.checkRings, c.checkConf, c.checkClock} {
		found, err := check(ctx, s)
		findings = append(findings, found...)
		if err != nil {
			return append(findings, err.Error())
		}
	}
	return findings
}

var errNoRecon = errors.New("rings, swift.conf and clock cannot be compared: the filter recon does not answer")

// address is the address of a server for a connect.
func (s *clusterServer) address() string { return net.JoinHostPort(s.ip, strconv.Itoa(s.port)) }

// serverKind is the name that a server gives itself.
func (c *clusterCheck) serverKind(ctx context.Context, s *clusterServer) (string, error) {
	res, err := c.send(ctx, s, http.MethodOptions, "/")
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	name, _, _ := strings.Cut(res.Header.Get("Server"), "/")
	return name, nil
}

func (c *clusterCheck) send(ctx context.Context, s *clusterServer, method, path string) (*http.Response, error) {
	q, err := http.NewRequestWithContext(ctx, method, "http://"+s.address()+path, nil)
	if err != nil {
		return nil, err
	}
	return c.client.Do(q)
}

// recon reads the answer of the filter recon into to.
func (c *clusterCheck) recon(ctx context.Context, s *clusterServer, what string, to any) error {
	res, err := c.send(ctx, s, http.MethodGet, "/recon/"+what)
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("%w (/recon/%s: %s)", errNoRecon, what, cut(res.Status))
	}
	text, err := io.ReadAll(io.LimitReader(res.Body, maxReconBytes+1))
	if err != nil {
		return fmt.Errorf("no answer: %w", err)
	}
	if len(text) > maxReconBytes {
		return fmt.Errorf("the answer to /recon/%s is longer than %d bytes", what, maxReconBytes)
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fmt.Errorf("the answer to /recon/%s is not understood: %q", what, cut(string(text)))
	}
	return nil
}

// cut shortens a text of a server.
func cut(s string) string {
	if len(s) > maxShownBytes {
		return s[:maxShownBytes] + "…"
	}
	return s
}

// checkRings compares the rings that a server has with the local ones.
func (c *clusterCheck) checkRings(ctx context.Context, s *clusterServer) ([]string, error) {
	var answer map[string]*string // sum by path; null for a file that cannot be read
	if err := c.recon(ctx, s, "ringmd5", &answer); err != nil {
		return nil, err
	}
	there := map[string]*string{}
	for file, sum := range answer {
		there[path.Base(file)] = sum
	}
	var findings []string
	for _, name := range slices.Sorted(maps.Keys(c.sums)) {
		sum, ok := there[name]
		switch {
		case name == "swift.conf", !ok && !s.rings[name]:
		case !ok:
			findings = append(findings, name+" is missing")
		case sum == nil:
			findings = append(findings, name+" cannot be read")
		case *sum != c.sums[name]:
			findings = append(findings, fmt.Sprintf("%s is another one: MD5 %s there, %s here", name, cut(*sum), c.sums[name]))
		}
	}
	return findings, nil
}

// checkConf compares swift.conf.
func (c *clusterCheck) checkConf(ctx context.Context, s *clusterServer) ([]string, error) {
	var answer map[string]*string
	if err := c.recon(ctx, s, "swiftconfmd5", &answer); err != nil {
		return nil, err
	}
	for _, file := range slices.Sorted(maps.Keys(answer)) {
		switch sum := answer[file]; {
		case path.Base(file) != "swift.conf":
		case sum == nil:
			return []string{"swift.conf cannot be read"}, nil
		case *sum != c.sums["swift.conf"]:
			return []string{fmt.Sprintf("swift.conf is another one: MD5 %s there, %s here", cut(*sum), c.sums["swift.conf"])}, nil
		default:
			return nil, nil
		}
	}
	return []string{"swift.conf is missing"}, nil
}

// checkClock compares the clock of a server with the time between question and
// answer.
func (c *clusterCheck) checkClock(ctx context.Context, s *clusterServer) ([]string, error) {
	var seconds float64
	before := time.Now()
	if err := c.recon(ctx, s, "time", &seconds); err != nil {
		return nil, err
	}
	if off := clockDifference(before, time.Now(), seconds); off.Abs() > c.clock {
		side := "ahead"
		if off < 0 {
			side = "behind"
		}
		return []string{fmt.Sprintf("its clock is %v %s", off.Abs().Round(time.Millisecond), side)}, nil
	}
	return nil, nil
}

// clockDifference is how far a clock is ahead that showed seconds at a moment
// between two times.
func clockDifference(before, after time.Time, seconds float64) time.Duration {
	const far = float64(math.MaxInt64 / 2)
	since := func(t time.Time) time.Duration {
		nanos := (seconds - float64(t.UnixNano())/1e9) * 1e9
		return time.Duration(min(max(nanos, -far), far))
	}
	if early := since(before); early < 0 {
		return early
	}
	return max(0, since(after))
}
