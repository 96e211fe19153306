// SPDX-License-Identifier: Apache-2.0

//go:build strangers

package harness

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"
)

const (
	legitimateRate    = 100 // requests a second, of all workers together
	legitimateObject  = 4096
	legitimateTimeout = 30 * time.Second
)

// legitimate is the load that must not suffer: objects are put, looked at, read,
// listed and deleted, one half of them over kept-alive connections and the other
// over a new one for each request. What begins does not wait for what goes on.
type legitimate struct {
	site *strangersSite
	kept int // kept-alive connections

	mu     sync.Mutex // protects what follows
	took   []time.Duration
	failed []error
}

// legitimateSteps are the requests about one object.
const legitimateSteps = 5

// run goes on until the context ends; what is under way then is finished.
func (l *legitimate) run(ctx context.Context) {
	const each = time.Second * 2 * legitimateSteps / legitimateRate // of both halves
	var all sync.WaitGroup
	clients := make(chan *http.Client, l.kept)
	for range l.kept {
		clients <- newLegitimateClient(true)
	}
	tick := time.NewTicker(each)
	defer tick.Stop()
	for n := 0; ctx.Err() == nil; n++ {
		all.Go(func() { l.object(newLegitimateClient(false), fmt.Sprintf("new%d", n)) })
		all.Go(func() {
			client := <-clients
			l.object(client, fmt.Sprintf("kept%d", n))
			clients <- client
		})
		select {
		case <-ctx.Done():
		case <-tick.C:
		}
	}
	all.Wait()
	for range l.kept {
		(<-clients).CloseIdleConnections()
	}
}

func newLegitimateClient(keep bool) *http.Client {
	return &http.Client{Timeout: legitimateTimeout, Transport: &http.Transport{
		DisableKeepAlives: !keep, DisableCompression: true, MaxIdleConnsPerHost: 1,
		DialContext: (&net.Dialer{Timeout: legitimateTimeout}).DialContext,
	}}
}

// object puts, looks at, reads, lists and deletes an object.
func (l *legitimate) object(client *http.Client, name string) {
	path := l.site.account + "/own/" + name
	body := bytes.Repeat([]byte(name[len(name)-1:]), legitimateObject)
	for _, step := range [legitimateSteps]struct {
		method, path string
		body         []byte
		status       int
		want         []byte
	}{
		{"PUT", path, body, 201, nil}, {"HEAD", path, nil, 200, nil}, {"GET", path, nil, 200, body},
		{"GET", l.site.account + "/own?limit=100", nil, 200, nil}, {"DELETE", path, nil, 204, nil},
	} {
		start := time.Now()
		err := l.ask(client, step.method, step.path, step.body, step.status, step.want)
		l.mu.Lock()
		l.took = append(l.took, time.Since(start))
		if err != nil {
			l.failed = append(l.failed, fmt.Errorf("%s after %.1f s: %w", name, time.Since(start).Seconds(), err))
		}
		l.mu.Unlock()
	}
}

func (l *legitimate) ask(client *http.Client, method, path string, body []byte, status int, want []byte) error {
	r, err := http.NewRequest(method, "http://"+l.site.address+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	r.Header.Set("X-Auth-Token", l.site.token)
	res, err := client.Do(r)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	got, err := io.ReadAll(res.Body)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if res.StatusCode != status {
		return fmt.Errorf("%s: status %d: %.100s", method, res.StatusCode, got)
	}
	if want != nil && !bytes.Equal(got, want) {
		return errors.New("GET: another body")
	}
	return nil
}

// percentile is the time that so much of the requests, at most 1, took.
func (l *legitimate) percentile(p float64) time.Duration {
	if len(l.took) == 0 {
		return 0
	}
	slices.Sort(l.took)
	return l.took[min(int(p*float64(len(l.took))), len(l.took)-1)].Round(time.Millisecond / 10)
}
