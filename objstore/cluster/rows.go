// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"needletail/objstore"
	"needletail/objstore/cluster/wire"
)

// maxRowBytes bounds an entry of a backend's listing: names and types of the
// largest limits that a cluster may set, each byte escaped as six.
const maxRowBytes = 64 << 10

var errRowTooLong = fmt.Errorf("an entry of a listing is longer than %d bytes", maxRowBytes)

// objectRow is an entry of a container server's listing
// (swift/container/server.py: update_data_record).
type objectRow struct {
	Name         string `json:"name"`
	Subdir       string `json:"subdir"`
	Bytes        int64  `json:"bytes"`
	Hash         string `json:"hash"`
	ContentType  string `json:"content_type"`
	LastModified string `json:"last_modified"`
}

// entry is the row as a listing of account shows the row.
func (r *objectRow) entry(account string) (objstore.ObjectEntry, error) {
	if r.Subdir != "" {
		return objstore.ObjectEntry{Name: r.Subdir, Subdir: true}, nil
	}
	modified, err := parseISO(r.LastModified)
	if err != nil {
		return objstore.ObjectEntry{}, err
	}
	e := objstore.ObjectEntry{Name: r.Name, SizeBytes: r.Bytes, Modified: modified}
	e.ETag, e.Extra = splitListed(account, r.Hash)
	var size *int64
	if e.ContentType, size = cutSwiftBytes(r.ContentType); size != nil {
		e.SizeBytes = *size
	}
	return e, nil
}

// containerRow is an entry of an account server's listing.
type containerRow struct {
	Name         string `json:"name"`
	Subdir       string `json:"subdir"`
	Count        int64  `json:"count"`
	Bytes        int64  `json:"bytes"`
	LastModified string `json:"last_modified"`
	Policy       string `json:"storage_policy"`
}

// entry is the row with the policy's index. An unknown policy is an error: the
// account server names policies of the same swift.conf.
func (r *containerRow) entry(policies objstore.Policies) (objstore.ContainerEntry, error) {
	if r.Subdir != "" {
		return objstore.ContainerEntry{Name: r.Subdir, Subdir: true}, nil
	}
	modified, err := parseISO(r.LastModified)
	if err != nil {
		return objstore.ContainerEntry{}, err
	}
	e := objstore.ContainerEntry{Name: r.Name, ObjectCount: r.Count, BytesUsed: r.Bytes, Modified: modified}
	if r.Policy == "" {
		e.Policy = objstore.PolicyUnknown // Swift 2.30 does not tell
		return e, nil
	}
	p, ok := policies.ByName(r.Policy)
	if !ok {
		return e, fmt.Errorf("container %q has the unknown storage policy %q", r.Name, r.Policy)
	}
	e.Policy = p.Index
	return e, nil
}

// parseISO reads the time of a listing, "2006-01-02T15:04:05.123450" in UTC.
func parseISO(s string) (objstore.Timestamp, error) {
	t, err := time.Parse("2006-01-02T15:04:05.999999", s)
	if err != nil {
		return 0, fmt.Errorf("time of a listing: %w", err)
	}
	return objstore.TimestampOf(t), nil
}

// eachRow decodes a JSON list while the list arrives, and calls visit for each
// element. The memory in use is bounded by maxRowBytes. An error of visit ends
// the decoding and is returned as a visitError.
func eachRow[T any](r io.Reader, visit func(*T) error) error {
	limited := &rowReader{r: r}
	d := json.NewDecoder(limited)
	limited.decoded = d.InputOffset
	if t, err := d.Token(); err != nil {
		return fmt.Errorf("listing: %w", noEOF(err))
	} else if t != json.Delim('[') {
		return fmt.Errorf("listing: %v in place of a list", t)
	}
	for d.More() {
		var row T
		if err := d.Decode(&row); err != nil {
			return fmt.Errorf("listing: %w", noEOF(err))
		}
		if err := visit(&row); err != nil {
			return &visitError{err}
		}
	}
	if _, err := d.Token(); err != nil {
		return fmt.Errorf("listing: %w", noEOF(err))
	}
	return nil
}

// noEOF makes an end inside a list an error that no reader takes for the end of
// the list.
func noEOF(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// visitError is an error of the caller's visit, not of the listing.
type visitError struct{ err error }

func (e *visitError) Error() string { return e.err.Error() }
func (e *visitError) Unwrap() error { return e.err }

// rowReader refuses to read further ahead than one entry.
type rowReader struct {
	r       io.Reader
	read    int64
	decoded func() int64
}

func (r *rowReader) Read(p []byte) (int, error) {
	room := r.decoded() + maxRowBytes - r.read
	if room <= 0 {
		return 0, errRowTooLong
	}
	n, err := r.r.Read(p[:min(int64(len(p)), room)])
	r.read += int64(n)
	return n, err
}

// listQuery is the query of a listing (swift/container/server.py: GET). An
// absent option is left out.
func listQuery(o objstore.ListOptions, limit int) string {
	var b strings.Builder
	b.WriteString("format=json")
	add := func(name, value string) {
		b.WriteString("&" + name + "=" + wire.Quote(value))
	}
	fmt.Fprintf(&b, "&limit=%d", limit)
	for _, p := range []struct{ name, value string }{
		{"prefix", o.Prefix}, {"delimiter", o.Delimiter}, {"marker", o.Marker}, {"end_marker", o.EndMarker},
	} {
		if p.value != "" {
			add(p.name, p.value)
		}
	}
	if o.Path != nil {
		add("path", *o.Path)
	}
	if o.Reverse {
		add("reverse", "true")
	}
	return b.String()
}
