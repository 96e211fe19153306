// SPDX-License-Identifier: Apache-2.0

package containersync

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"needletail/objstore"
	"needletail/proxy/web"
)

const (
	// peerTimeout is how long another cluster may take for an answer.
	peerTimeout = 60 * time.Second
	// uploadStall is how long an upload waits for the peer to take the next
	// piece, or at its end for the answer.
	uploadStall = 2 * peerTimeout
	// listingLimit is the number of names asked for at once.
	listingLimit = 1000
	// maxListingBytes bounds a page of a listing: names may have 1024 bytes,
	// six characters each in JSON.
	maxListingBytes = 16 << 20
)

// newClient returns a client that follows no redirect: a signature is for a
// single address.
func newClient() *http.Client {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.Proxy, t.ResponseHeaderTimeout = nil, peerTimeout
	return &http.Client{
		Transport:     t,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// peer is the container at the far end.
type peer struct {
	target
	userKey string
	client  *http.Client
}

// statusError is an unexpected answer.
type statusError int

func (e statusError) Error() string { return "the other cluster answers " + strconv.Itoa(int(e)) }

// fatal reports whether the whole container is out of reach, so that no further
// object can fare better.
func fatal(err error) bool {
	var own *objstore.Error
	if errors.As(err, &own) {
		return false
	}
	var status statusError
	return !errors.As(err, &status) || status == 401 || status == 403 || status == 404 || status >= 500
}

// do sends a signed request for an object, or for the container if name is "".
func (p *peer) do(ctx context.Context, method, name, query string, h http.Header, size int64, body io.Reader) (*http.Response, error) {
	path, where := p.path, p.url
	if name != "" {
		path, where = path+"/"+web.Quote(name), where+"/"+web.Quote(name)
	}
	req, err := http.NewRequestWithContext(ctx, method, where+query, body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", method, err)
	}
	req.Header, req.ContentLength = h, size
	nonce := make([]byte, 16)
	_, _ = rand.Read(nonce) // never fails
	timestamp := h.Get("X-Timestamp")
	if timestamp == "" {
		timestamp = "0"
	}
	n := hex.EncodeToString(nonce)
	sig := Sign(method, path, timestamp, n, p.realm.Key, p.userKey)
	h.Set(authHeader, p.realm.Name+" "+n+" "+sig)
	h.Set("User-Agent", "needletail-container-sync")
	return p.client.Do(req)
}

// wantStatus closes the answer and returns its fault.
func wantStatus(res *http.Response, accepted ...int) error {
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // lets the connection be used again
	_ = res.Body.Close()
	for _, s := range accepted {
		if res.StatusCode == s {
			return nil
		}
	}
	return statusError(res.StatusCode)
}

// put sends an object. Something newer at the far end is no error.
func (p *peer) put(ctx context.Context, name string, h http.Header, size int64, body io.Reader) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	watch := &watched{r: body, timer: time.AfterFunc(uploadStall, cancel)}
	defer watch.timer.Stop()
	var from io.Reader = watch
	if size == 0 {
		from = http.NoBody
	}
	res, err := p.do(ctx, "PUT", name, "", h, size, from)
	if err != nil {
		return err
	}
	return wantStatus(res, 201, 202)
}

// watched puts the timer off with every read.
type watched struct {
	r     io.Reader
	timer *time.Timer
}

func (w *watched) Read(b []byte) (int, error) {
	n, err := w.r.Read(b)
	w.timer.Reset(uploadStall)
	return n, err
}

// remove sends a deletion.
func (p *peer) remove(ctx context.Context, name string, at objstore.Timestamp) error {
	ctx, cancel := context.WithTimeout(ctx, peerTimeout)
	defer cancel()
	res, err := p.do(ctx, "DELETE", name, "", http.Header{"X-Timestamp": {at.String()}}, 0, http.NoBody)
	if err != nil {
		return err
	}
	return wantStatus(res, 200, 204, 404, 409)
}

// listed is an object at the far end.
type listed struct {
	name     string
	modified objstore.Timestamp
}

// list gives the page after marker, in name order.
func (p *peer) list(ctx context.Context, marker string) ([]listed, error) {
	ctx, cancel := context.WithTimeout(ctx, peerTimeout)
	defer cancel()
	query := url.Values{"format": {"json"}, "limit": {strconv.Itoa(listingLimit)}, "marker": {marker}}
	res, err := p.do(ctx, "GET", "", "?"+query.Encode(), http.Header{}, 0, http.NoBody)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != 200 {
		return nil, wantStatus(res)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(io.LimitReader(res.Body, maxListingBytes+1))
	if err != nil {
		return nil, err
	}
	return parseListing(text, marker)
}

var errListing = errors.New("the other cluster's listing makes no sense")

// parseListing reads a page. Names must ascend from marker, so that reading
// pages ends.
func parseListing(text []byte, marker string) ([]listed, error) {
	var entries []struct {
		Name         string `json:"name"`
		LastModified string `json:"last_modified"`
	}
	if len(text) > maxListingBytes {
		return nil, fmt.Errorf("%w: too long", errListing)
	}
	if err := json.Unmarshal(text, &entries); err != nil {
		return nil, fmt.Errorf("%w: %w", errListing, err)
	}
	list := make([]listed, 0, len(entries))
	for _, e := range entries {
		t, err := time.Parse("2006-01-02T15:04:05.999999", e.LastModified)
		if err != nil || e.Name <= marker {
			return nil, fmt.Errorf("%w: entry %d", errListing, len(list))
		}
		marker = e.Name
		list = append(list, listed{e.Name, objstore.TimestampOf(t)})
	}
	return list, nil
}

// cursor walks the far end's names in step with ours.
type cursor struct {
	p      *peer
	page   []listed
	marker string
	ended  bool
}

// find returns the far end's time of name, 0 for a missing name. Names must
// ascend from call to call.
func (c *cursor) find(ctx context.Context, name string) (objstore.Timestamp, error) {
	for {
		for len(c.page) > 0 && c.page[0].name < name {
			c.page = c.page[1:]
		}
		switch {
		case len(c.page) > 0 && c.page[0].name == name:
			return c.page[0].modified, nil
		case len(c.page) > 0 || c.ended:
			return 0, nil
		}
		page, err := c.p.list(ctx, c.marker)
		if err != nil {
			return 0, err
		}
		c.page, c.ended = page, len(page) == 0
		if !c.ended {
			c.marker = page[len(page)-1].name
		}
	}
}
