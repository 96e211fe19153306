// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"testing"

	"github.com/stretchr/testify/require"

	"needletail/objstore"
	"needletail/objstore/cluster/internaltime"
	"needletail/objstore/cluster/wire"
)

func fields(pairs ...string) (m objstore.Metadata) {
	for i := 0; i < len(pairs); i += 2 {
		m.Set(pairs[i], pairs[i+1])
	}
	return m
}

func sizeOf(n int64) *int64 { return &n }

var testID = objstore.ObjectID{Account: "AUTH_a", Container: "c", Object: "o"}

// stored is what an object server answers to a HEAD after a PUT with the heads
// and the footer.
func stored(h, footer wire.Header) wire.Header {
	var out wire.Header
	for _, part := range []wire.Header{h, footer} {
		for _, f := range part {
			name := titleName(f.Name)
			switch {
			case name == "Content-Type" || name == "X-Delete-At" || name == "Etag" || storedHeaders[name],
				anyPrefix(name, objectMeta, objstore.SysmetaObject, objectTransient):
				out.Set(name, f.Value)
			case name == "X-Timestamp":
				out.Set("X-Backend-Timestamp", f.Value)
				out.Set("X-Backend-Data-Timestamp", f.Value)
			}
		}
	}
	return out
}

const etagX = "9dd4e461268c8034f5c8564e155c67a6"

func TestOverridesSurviveTheServer(t *testing.T) {
	for name, l := range map[string]objstore.ListingOverride{
		"none":          {},
		"all":           {ETag: "abc", SizeBytes: sizeOf(12345), ContentType: "x/y", Extra: fields("slo_etag", "q", "crypto", "a;b=\"c\" %\xff")},
		"slo":           {ETag: "abc", SizeBytes: sizeOf(7), Extra: fields("slo_etag", `"e1"`)},
		"link":          {ETag: "abc", Extra: fields("symlink_bytes", "9", "symlink_etag", "e2", "symlink_path", "/v1/AUTH_a/c/o%20p")},
		"far link":      {ETag: "abc", Extra: fields("symlink_path", "/v1/AUTH_%C3%BC/c/o")},
		"no path":       {ETag: "abc", Extra: fields("symlink_path", "/v1/a")},
		"size alone":    {SizeBytes: sizeOf(0)},
		"extra alone":   {Extra: fields("k", "v")},
		"type alone":    {ContentType: "e/f"},
		"type and size": {ContentType: "e/f; charset=x", SizeBytes: sizeOf(1)},
	} {
		t.Run(name, func(t *testing.T) {
			o := objstore.PutOptions{ContentType: "a/b; charset=UTF-8", Metadata: fields("X-Object-Meta-A", "1"), Listing: l}
			h := putHeader(nil, testID, &o, internaltime.Of(5), 0, footed(&o))
			info := objstore.ObjectInfo{ETag: etagX, ContentType: o.ContentType, Metadata: o.Metadata, Listing: l}
			footer := wire.Header{{Name: "Etag", Value: etagX}}
			if footed(&o) {
				footer = putFooter(testID, &o, &info)
			}
			got, err := readObject("AUTH_a", stored(h, footer), 1)
			require.NoError(t, err)
			require.Equal(t, l, got.info.Listing)
			require.Equal(t, o.ContentType, got.info.ContentType)
			require.Equal(t, o.Metadata, got.info.Metadata)
			require.Equal(t, etagX, got.info.ETag)
		})
	}
}

// The lines of a feature come back as lines, as an embedded store gives them.
func TestOverrideLinesSurviveTheServer(t *testing.T) {
	o := objstore.PutOptions{
		ContentType: "a/b",
		Metadata:    fields(overrideETag, "abc; slo_etag=e", overrideSize, "99", "X-Object-Sysmeta-Slo-Etag", "e"),
		Listing:     objstore.ListingOverride{ETag: "abc", SizeBytes: sizeOf(99), Extra: fields("slo_etag", `"e"`)},
	}
	h := putHeader(nil, testID, &o, internaltime.Of(5), 0, footed(&o))
	require.False(t, footed(&o))
	require.Equal(t, "a/b;swift_bytes=99", h.Get("Content-Type"))
	_, sent := h.Lookup(overrideSize)
	require.False(t, sent, "the size would change the container's counters")
	got, err := readObject("AUTH_a", stored(h, wire.Header{{Name: "Etag", Value: etagX}}), 1)
	require.NoError(t, err)
	require.Equal(t, o.Metadata, got.info.Metadata)
	require.Equal(t, o.Listing, got.info.Listing)

	// A POST with a type takes the size off the type: the note still has the size.
	after := stored(h, nil)
	after.Set("Content-Type", "c/d")
	got, err = readObject("AUTH_a", after, 1)
	require.NoError(t, err)
	require.Equal(t, int64(99), *got.info.Listing.SizeBytes)
}

// A manifest by Swift's own slo.
func TestSwiftManifest(t *testing.T) {
	got, err := readObject("AUTH_a", wire.Header{
		{Name: "Content-Type", Value: "application/json;swift_bytes=2000"}, {Name: "Etag", Value: `"` + etagX + `"`},
		{Name: "X-Static-Large-Object", Value: "True"}, {Name: "X-Object-Sysmeta-Slo-Size", Value: "2000"},
		{Name: overrideETag, Value: etagX + "; slo_etag=e"}, {Name: "X-Backend-Timestamp", Value: "0000000002.00000"},
		{Name: "X-Backend-Data-Timestamp", Value: "0000000001.00000_0000000000000001"},
	}, 300)
	require.NoError(t, err)
	require.Equal(t, objstore.ObjectInfo{
		Created: 100000, Modified: 200000, SizeBytes: 300, ETag: etagX, ContentType: "application/json",
		Metadata: fields(overrideETag, etagX+"; slo_etag=e", overrideSize, "2000",
			"X-Object-Sysmeta-Slo-Size", "2000", "X-Static-Large-Object", "True"),
		Listing: objstore.ListingOverride{SizeBytes: sizeOf(2000), Extra: fields("slo_etag", `"e"`)},
	}, got.info)
	require.Equal(t, internaltime.Time{Units: 100000, Offset: 1}, got.data)
}

// An object of Swift's filter encryption is refused: its bytes are ciphertext.
func TestEncryptedObjectIsRefused(t *testing.T) {
	for _, name := range []string{"X-Object-Sysmeta-Crypto-Body-Meta", "x-object-transient-sysmeta-crypto-meta-color"} {
		_, err := readObject("AUTH_a", wire.Header{
			{Name: "Etag", Value: etagX}, {Name: "X-Backend-Timestamp", Value: "0000000002.00000"}, {Name: name, Value: "x"},
		}, 3)
		require.ErrorIs(t, err, errEncrypted, name)
	}
}

// Swift's slo takes an object for a manifest by the header alone.
func TestManifestForSwift(t *testing.T) {
	o := objstore.PutOptions{Metadata: fields(manifestSysmeta, etagX)}
	require.Equal(t, "True", putHeader(nil, objstore.ObjectID{}, &o, internaltime.Time{}, 0, footed(&o)).Get(manifestHeader))
	o.Finish = func(*objstore.ObjectInfo) error { return nil }
	require.Equal(t, "True", putHeader(nil, objstore.ObjectID{}, &o, internaltime.Time{}, 0, footed(&o)).Get(manifestHeader))
	o.Metadata = fields("X-Object-Sysmeta-Slo", etagX)
	require.Empty(t, putHeader(nil, objstore.ObjectID{}, &o, internaltime.Time{}, 0, footed(&o)).Get(manifestHeader))
}

func TestFinishedMetadataFollowTheBody(t *testing.T) {
	o := objstore.PutOptions{ContentType: "a/b", Metadata: fields("X-Object-Meta-Plain", "secret", "Content-Encoding", "secret"),
		Listing: objstore.ListingOverride{SizeBytes: sizeOf(1)},
		Finish:  func(*objstore.ObjectInfo) error { return nil }}
	h := putHeader(nil, testID, &o, internaltime.Of(5), 0, footed(&o))
	for _, f := range h {
		require.NotEqual(t, "secret", f.Value, f.Name)
	}
	info := objstore.ObjectInfo{ETag: etagX, ContentType: "a/b", SHA512: "ff",
		Metadata: fields("Content-Encoding", "gzip", "X-Object-Meta-Sealed", "x"),
		Listing:  objstore.ListingOverride{ETag: "shown", SizeBytes: sizeOf(2)}}
	got, err := readObject("AUTH_a", stored(h, putFooter(testID, &o, &info)), 0)
	require.NoError(t, err)
	require.Equal(t, info.Metadata, got.info.Metadata)
	require.Equal(t, "ff", got.info.SHA512)
	require.Equal(t, "shown", got.info.Listing.ETag)
	footer := putFooter(testID, &o, &info)
	require.Equal(t, "a/b;swift_bytes=2", footer.Get(overrideType))
}

func TestSwiftBytes(t *testing.T) {
	for in, want := range map[string]struct {
		rest string
		size *int64
	}{
		"a/b":                                  {"a/b", nil},
		"a/b;swift_bytes=12":                   {"a/b", sizeOf(12)},
		"a/b; charset=x ;swift_bytes=\"3\"":    {"a/b; charset=x ", sizeOf(3)},
		"a/b; swift_bytes=-1; charset=x":       {"a/b; charset=x", nil},
		"swift_bytes=5":                        {"swift_bytes=5", nil},
		"a/b;swift_bytes=99999999999999999999": {"a/b", nil},
	} {
		rest, size := cutSwiftBytes(in)
		require.Equal(t, want.rest, rest, in)
		require.Equal(t, want.size, size, in)
	}
}

func TestReadAccount(t *testing.T) {
	policies := objstore.Policies{{Index: 0, Name: "Policy-0", Default: true}, {Index: 1, Name: "ec42"}, {Index: 2, Name: "idle"}}
	got, err := readAccount(wire.Header{
		{Name: "X-Account-Container-Count", Value: "3"}, {Name: "X-Account-Object-Count", Value: "4"},
		{Name: "X-Account-Bytes-Used", Value: "5"}, {Name: "X-Timestamp", Value: "0000000001.00000"},
		{Name: "X-Account-Storage-Policy-Ec42-Bytes-Used", Value: "9"},
		{Name: "X-Account-Storage-Policy-Ec42-Container-Count", Value: "1"},
		{Name: "X-Account-Storage-Policy-Policy-0-Container-Count", Value: "2"},
		{Name: "X-Account-Storage-Policy-Idle-Container-Count", Value: "0"},
		{Name: "X-Account-Storage-Policy-Gone-Container-Count", Value: "7"},
		{Name: "x-account-meta-b", Value: "2"}, {Name: "X-Account-Meta-A", Value: "1"}, {Name: "X-Account-Meta-Empty"},
		{Name: "X-Account-Sysmeta-S", Value: "\xff\x01"}, {Name: "Content-Type", Value: "x"},
	}, policies)
	require.NoError(t, err)
	require.Equal(t, objstore.AccountInfo{
		Created: 100000, ContainerCount: 3, ObjectCount: 4, BytesUsed: 5,
		Metadata: fields("X-Account-Meta-A", "1", "X-Account-Meta-B", "2", "X-Account-Sysmeta-S", "\xff\x01"),
		Policies: []objstore.PolicyUsage{{Policy: 0, ContainerCount: 2}, {Policy: 1, ContainerCount: 1, BytesUsed: 9}},
	}, got)
	_, err = readAccount(wire.Header{{Name: "X-Account-Bytes-Used", Value: "many"}}, policies)
	require.Error(t, err)
}

func TestReadContainer(t *testing.T) {
	got, err := readContainer(wire.Header{
		{Name: "X-Container-Object-Count", Value: "3"}, {Name: "X-Container-Bytes-Used", Value: "5"},
		{Name: "X-Timestamp", Value: "0000000001.00000"}, {Name: "X-Put-Timestamp", Value: "0000000002.00000"},
		{Name: "X-Backend-Storage-Policy-Index", Value: "1"}, {Name: "X-Backend-Sharding-State", Value: "sharded"},
		{Name: "X-Container-Read", Value: ".r:*"}, {Name: "X-Container-Write"}, {Name: "X-Container-Meta-A", Value: "1"},
	})
	require.NoError(t, err)
	require.Equal(t, containerAnswer{state: "sharded", info: objstore.ContainerInfo{
		Created: 100000, Modified: 200000, Policy: 1, ObjectCount: 3, BytesUsed: 5,
		Metadata: fields("X-Container-Meta-A", "1", "X-Container-Read", ".r:*"),
	}}, got)
	_, err = readContainer(wire.Header{{Name: "X-Backend-Storage-Policy-Index", Value: "70000"}})
	require.Error(t, err)
}

func TestNames(t *testing.T) {
	for name, want := range map[string]error{
		"a": nil, "a/b": errSlash, "": errEmptyName, "\x00versions\x00c": nil, "\x00": errNUL, "a\x00b": errNUL,
		"\xffversions.": errNotUTF8, "\xed\xa0\x80": errNotUTF8, "ü": nil,
	} {
		require.ErrorIs(t, checkName(partContainer, name), want, "%q", name)
	}
	require.NoError(t, checkName(partObject, "a/b//c"))
	require.ErrorIs(t, checkName(partAccount, "\x00a"), errNUL)
}

// TestLinkedAccount: the account of a link is listed as its PUT quoted the
// account, whatever the quoting is, as Swift's symlink.py lists it.
func TestLinkedAccount(t *testing.T) {
	for param, want := range map[string]string{
		"": "/v1/a%20b/c/o", "AUTH_b": "/v1/AUTH_b/c/o", "a%41": "/v1/a%41/c/o", "%zz": "/v1/%zz/c/o", "a%2": "/v1/a%2/c/o",
	} {
		hash := "e; symlink_target=c/o"
		if param != "" {
			hash += "; symlink_target_account=" + param
		}
		etag, extra := splitListed("a b", hash)
		require.Equal(t, "e", etag)
		require.Equal(t, want, extra.Get(extraSymlinkPath), param)
		require.Equal(t, "e"+extraParams("a b", extra), hash, "the way back")
	}
}
