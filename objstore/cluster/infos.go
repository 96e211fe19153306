// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/wire"
)

// storedHeaders are the headers that an object keeps besides its metadata
// (swift/obj/server.py: allowed_headers). X-Delete-At is kept elsewhere.
var storedHeaders = map[string]bool{
	"Cache-Control": true, "Content-Disposition": true, "Content-Encoding": true, "Content-Language": true,
	"Expires": true, "X-Object-Manifest": true, "X-Robots-Tag": true, manifestHeader: true,
}

// containerHeaders are the headers that a container keeps besides its metadata
// (swift/container/server.py: save_headers).
var containerHeaders = map[string]bool{
	"X-Container-Read": true, "X-Container-Write": true, "X-Container-Sync-Key": true,
	"X-Container-Sync-To": true, "X-Versions-Location": true,
}

const (
	objectMeta      = "X-Object-Meta-"
	objectTransient = "X-Object-Transient-Sysmeta-"
	containerMeta   = "X-Container-Meta-"
	containerSys    = "X-Container-Sysmeta-"
	accountMeta     = "X-Account-Meta-"
	accountSys      = "X-Account-Sysmeta-"
	accountPolicy   = "X-Account-Storage-Policy-"

	// sha512Name is the sysmeta of PutOptions.SHA512.
	sha512Name = "X-Object-Sysmeta-Needletail-Sha512"
	// headerPrefix begins the transient sysmeta of a header that followed the
	// body (putFooter).
	headerPrefix = objectTransient + "Needletail-Header-"
)

func anyPrefix(s string, prefixes ...string) bool {
	return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(s, p) })
}

// titleName returns a name as Swift stores names: a letter that does not follow
// a letter is upper case, and each other letter lower case (Python's str.title).
func titleName(name string) string {
	b, inWord := []byte(name), false
	for i, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		switch {
		case letter && inWord:
			b[i] = c | 0x20
		case letter:
			b[i] = c &^ 0x20
		}
		inWord = letter
	}
	return string(b)
}

// normalETag is an Etag header without quotes and "W/" (swift/common/swob.py:
// normalize_etag).
func normalETag(s string) string {
	return strings.Trim(strings.TrimPrefix(s, "W/"), `"`)
}

// objectAnswer is an object in the answer of an object server.
type objectAnswer struct {
	info objstore.ObjectInfo
	data internaltime.Time // of the data: the version
	// etag is the ETag that the servers know: of the ciphertext, if the body is
	// encrypted.
	etag   string
	cipher bodyCipher
}

// readObject reads the headers of a GET or a HEAD. size is the length of the
// whole body.
func readObject(account string, h wire.Header, size int64) (objectAnswer, error) {
	var a objectAnswer
	i := &a.info
	i.SizeBytes = size
	for _, f := range h {
		name := titleName(f.Name)
		switch {
		case swiftcrypto.IsCrypto(name):
			return a, errEncrypted
		case name == "Etag":
			i.ETag = normalETag(f.Value)
		case name == "Content-Type":
			i.ContentType = f.Value
		case name == "X-Delete-At":
			at, err := strconv.ParseInt(f.Value, 10, 64)
			if err != nil {
				return a, fmt.Errorf("X-Delete-At of an object: %w", err)
			}
			i.DeleteAt = at
		case name == sha512Name:
			i.SHA512 = f.Value
		case strings.HasPrefix(name, headerPrefix):
			i.Metadata = append(i.Metadata, objstore.Field{Name: name[len(headerPrefix):], Value: f.Value})
		case storedHeaders[name], anyPrefix(name, objectMeta, objstore.SysmetaObject, objectTransient):
			i.Metadata = append(i.Metadata, objstore.Field{Name: name, Value: f.Value})
		}
	}
	sortMetadata(&i.Metadata)
	if err := readTimes(h, &a); err != nil {
		return a, err
	}
	takeListing(account, i)
	return a, nil
}

// readTimes reads the times of an object. A server without
// X-Backend-Data-Timestamp knows the time of the metadata alone.
func readTimes(h wire.Header, a *objectAnswer) error {
	newest := h.Get("X-Backend-Timestamp")
	if newest == "" {
		newest = h.Get("X-Timestamp")
	}
	modified, err := internaltime.Parse(newest)
	if err != nil {
		return fmt.Errorf("time of an object: %w", err)
	}
	a.data = modified
	if data, ok := h.Lookup("X-Backend-Data-Timestamp"); ok {
		if a.data, err = internaltime.Parse(data); err != nil {
			return fmt.Errorf("time of an object's data: %w", err)
		}
	}
	a.info.Modified, a.info.Created = modified.Units, a.data.Units
	return nil
}

// parseStamp reads a timestamp without its offset.
func parseStamp(s string) (objstore.Timestamp, error) {
	t, err := internaltime.Parse(s)
	return t.Units, err
}

// sortMetadata sorts fields by name, and leaves the first of equal names.
func sortMetadata(m *objstore.Metadata) {
	slices.SortStableFunc(*m, func(a, b objstore.Field) int { return strings.Compare(a.Name, b.Name) })
	*m = slices.CompactFunc(*m, func(a, b objstore.Field) bool { return a.Name == b.Name })
}

// containerAnswer is a container in the answer of a container server.
type containerAnswer struct {
	info  objstore.ContainerInfo
	state string // of sharding: "unsharded", "sharding", "sharded", "collapsed"
}

// readContainer reads the headers of a GET or a HEAD
// (swift/container/server.py: gen_resp_headers).
func readContainer(h wire.Header) (containerAnswer, error) {
	var a containerAnswer
	i := &a.info
	for _, f := range h {
		name, err := titleName(f.Name), error(nil)
		switch {
		case name == "X-Container-Object-Count":
			i.ObjectCount, err = strconv.ParseInt(f.Value, 10, 64)
		case name == "X-Container-Bytes-Used":
			i.BytesUsed, err = strconv.ParseInt(f.Value, 10, 64)
		case name == "X-Timestamp":
			i.Created, err = parseStamp(f.Value)
		case name == "X-Put-Timestamp":
			i.Modified, err = parseStamp(f.Value)
		case name == "X-Backend-Storage-Policy-Index":
			i.Policy, err = parsePolicy(f.Value)
		case name == "X-Backend-Sharding-State":
			a.state = f.Value
		case f.Value == "":
		case containerHeaders[name], anyPrefix(name, containerMeta, containerSys):
			i.Metadata = append(i.Metadata, objstore.Field{Name: name, Value: f.Value})
		}
		if err != nil {
			return a, fmt.Errorf("%s of a container: %w", name, err)
		}
	}
	sortMetadata(&i.Metadata)
	return a, nil
}

func parsePolicy(s string) (objstore.PolicyIndex, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	return objstore.PolicyIndex(n), err
}

// readAccount reads the headers of a GET or a HEAD (swift/account/utils.py:
// get_response_headers).
func readAccount(h wire.Header, policies objstore.Policies) (objstore.AccountInfo, error) {
	var i objstore.AccountInfo
	usage := map[objstore.PolicyIndex]*objstore.PolicyUsage{}
	for _, f := range h {
		name, err := titleName(f.Name), error(nil)
		switch {
		case name == "X-Account-Container-Count":
			i.ContainerCount, err = strconv.ParseInt(f.Value, 10, 64)
		case name == "X-Account-Object-Count":
			i.ObjectCount, err = strconv.ParseInt(f.Value, 10, 64)
		case name == "X-Account-Bytes-Used":
			i.BytesUsed, err = strconv.ParseInt(f.Value, 10, 64)
		case name == "X-Timestamp":
			i.Created, err = parseStamp(f.Value)
		case strings.HasPrefix(name, accountPolicy):
			err = readUsage(usage, policies, name[len(accountPolicy):], f.Value)
		case f.Value != "" && anyPrefix(name, accountMeta, accountSys):
			i.Metadata = append(i.Metadata, objstore.Field{Name: name, Value: f.Value})
		}
		if err != nil {
			return i, fmt.Errorf("%s of an account: %w", name, err)
		}
	}
	sortMetadata(&i.Metadata)
	for _, p := range policies {
		if u := usage[p.Index]; u != nil && u.ContainerCount > 0 {
			i.Policies = append(i.Policies, *u)
		}
	}
	slices.SortFunc(i.Policies, func(a, b objstore.PolicyUsage) int { return int(a.Policy) - int(b.Policy) })
	return i, nil
}

// readUsage reads a counter of "NAME-Container-Count" and the like. An unknown
// policy is left out: its containers are counted in the sums.
func readUsage(usage map[objstore.PolicyIndex]*objstore.PolicyUsage, policies objstore.Policies, name, value string) error {
	for _, c := range []struct {
		suffix string
		field  func(*objstore.PolicyUsage) *int64
	}{
		{"-Container-Count", func(u *objstore.PolicyUsage) *int64 { return &u.ContainerCount }},
		{"-Object-Count", func(u *objstore.PolicyUsage) *int64 { return &u.ObjectCount }},
		{"-Bytes-Used", func(u *objstore.PolicyUsage) *int64 { return &u.BytesUsed }},
	} {
		policyName, ok := strings.CutSuffix(name, c.suffix)
		if !ok {
			continue
		}
		p, ok := policies.ByName(policyName)
		if !ok {
			return nil
		}
		if usage[p.Index] == nil {
			usage[p.Index] = &objstore.PolicyUsage{Policy: p.Index}
		}
		n, err := strconv.ParseInt(value, 10, 64)
		*c.field(usage[p.Index]) = n
		return err
	}
	return nil
}
