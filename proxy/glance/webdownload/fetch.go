// SPDX-License-Identifier: Apache-2.0

package webdownload

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"
)

const (
	redirectsMax   = 5
	dialTimeout    = 10 * time.Second // for a TCP connection, and again for TLS
	headTimeout    = 30 * time.Second // from the request to the end of the response's head
	silenceTimeout = 60 * time.Second // between two reads of a body
	headMaxBytes   = 64 << 10
)

// Fetcher fetches URIs that a filter lets pass. A Fetcher is safe for concurrent
// use.
type Fetcher struct {
	filter Filter
	client http.Client
}

// New returns a Fetcher with a filter.
func New(filter Filter) *Fetcher {
	f := &Fetcher{filter: filter}
	dialer := net.Dialer{Timeout: dialTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		return f.filter.checkAddress(address)
	}}
	f.client = http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: dialTimeout, ResponseHeaderTimeout: headTimeout,
			MaxResponseHeaderBytes: headMaxBytes, DisableKeepAlives: true, DisableCompression: true,
		},
		CheckRedirect: func(r *http.Request, via []*http.Request) error {
			if len(via) > redirectsMax {
				return fmt.Errorf("%w: more than %d redirects", ErrFiltered, redirectsMax)
			}
			return f.filter.checkURL(r.URL)
		},
	}
	return f
}

// Check returns ErrFiltered if the URI does not pass the lists of the filter.
// Check resolves no name and opens no connection.
func (f *Fetcher) Check(uri string) error {
	_, err := f.filter.Check(uri)
	return err
}

// Fetch starts a download and returns the body with its length, -1 if the server
// states no length. Reading fails if the body ends before its length. The error
// of Fetch is ErrFiltered, or the failure of the request.
func (f *Fetcher) Fetch(ctx context.Context, uri string) (body io.ReadCloser, sizeBytes int64, err error) {
	u, err := f.filter.Check(uri)
	if err != nil {
		return nil, 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		cancel()
		return nil, 0, fmt.Errorf("%w: %w", ErrFiltered, err)
	}
	res, err := f.client.Do(req)
	if err != nil {
		cancel()
		return nil, 0, err
	}
	if res.StatusCode != http.StatusOK {
		cancel()
		res.Body.Close()
		return nil, 0, fmt.Errorf("the server answered %s", res.Status)
	}
	timer := time.AfterFunc(silenceTimeout, cancel)
	return &download{res.Body, timer, cancel}, res.ContentLength, nil
}

// download is the body of a response. After silenceTimeout without a read that
// returned, the download is canceled.
type download struct {
	body   io.ReadCloser
	timer  *time.Timer
	cancel context.CancelFunc
}

// Read reads the body, and begins a new silence.
func (d *download) Read(p []byte) (int, error) {
	n, err := d.body.Read(p)
	d.timer.Reset(silenceTimeout)
	return n, err
}

func (d *download) Close() error {
	d.timer.Stop()
	d.cancel()
	return d.body.Close()
}
