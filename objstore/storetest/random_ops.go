// SPDX-License-Identifier: Apache-2.0

package storetest

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"testing/iotest"

	"needletail/objstore"
)

func (l *lockstep) update(prefix string) objstore.MetadataUpdate {
	u := objstore.MetadataUpdate{Set: l.metadata(prefix)}
	if l.chance(8) {
		u.Check = func(objstore.Metadata) error { return errRefused }
	}
	return u
}

func (l *lockstep) postAccount() {
	a, u := pick(l, randomAccounts), l.update("X-Account-Meta-")
	l.did("post account %q %q, refused %v", a, u.Set, u.Check != nil)
	got, gotErr := l.s.PostAccount(background, a, u)
	want, wantErr := l.model.PostAccount(background, a, u)
	if l.sameRefusal(gotErr, wantErr, u) {
		l.sameValue("created", got, want)
	}
}

// sameRefusal is same where a Check may have refused; the kind of a refusal is
// open.
func (l *lockstep) sameRefusal(got, want error, u objstore.MetadataUpdate) (succeeded bool) {
	if u.Check != nil && got != nil && errors.Is(want, errRefused) {
		return false
	}
	return l.same(got, want)
}

func (l *lockstep) deleteAccount() {
	a := pick(l, randomAccounts)
	if !l.g.CleanRecreation {
		return // no later operation could use the account
	}
	l.did("delete account %q", a)
	l.same(l.s.DeleteAccount(background, a), l.model.DeleteAccount(background, a))
}

func (l *lockstep) putContainer() {
	id := l.containerID()
	o := objstore.PutContainerOptions{MetadataUpdate: l.update("X-Container-Meta-")}
	if l.chance(3) {
		p := pick(l, []objstore.PolicyIndex{policyDefault, policySecond, policyDeprecated, policyUnknown})
		o.Policy = &p
		o.Check = nil // which of two refusals comes first is open
	}
	if l.chance(4) {
		o.AccountMetadata = metadata("X-Account-Sysmeta-P", "1")
	}
	l.did("put container %q %q, policy stated %v, refused %v", id, o.Set, o.Policy != nil, o.Check != nil)
	got, gotErr := l.s.PutContainer(background, id, o)
	want, wantErr := l.model.PutContainer(background, id, o)
	if l.sameRefusal(gotErr, wantErr, o.MetadataUpdate) {
		l.sameValue("created", got, want)
	}
}

func (l *lockstep) postContainer() {
	id, u := l.containerID(), l.update("X-Container-Meta-")
	l.did("post container %q %q", id, u.Set)
	l.sameRefusal(l.s.PostContainer(background, id, u), l.model.PostContainer(background, id, u), u)
}

func (l *lockstep) deleteContainer() {
	id := l.containerID()
	l.did("delete container %q", id)
	l.same(l.s.DeleteContainer(background, id), l.model.DeleteContainer(background, id))
}

func (l *lockstep) deleteAt() int64 {
	if at := pick(l, []int64{0, 0, 0, 0, 1, 9999999999}); at != 1 || l.g.PastDeleteAt {
		return at
	}
	return 0
}

// randomBody returns the body of a client, made anew by each call of the
// result, and changes the options where the client states something wrong.
func (l *lockstep) randomBody(o *objstore.PutOptions) (what string, body func() io.Reader) {
	size := pick(l, l.sizes)
	data := makeBody(l.rng.Uint64(), size)
	plain := func() io.Reader { return bytes.NewReader(data) }
	o.SizeBytes = size
	switch l.rng.IntN(16) {
	case 0:
		o.SizeBytes = size + 1 + l.rng.Int64N(9999)
		return "short body", plain
	case 1:
		o.SizeBytes = -1
		return "failing body", func() io.Reader { return failingReader(data, errReader) }
	case 2:
		o.ETag = etagOf([]byte("another"))
		return "wrong etag", plain
	case 3:
		o.SizeBytes, o.MaxBytes = -1, size/2+1
		return "limited body", plain
	case 4, 5:
		o.SizeBytes = -1
		return "body without length", func() io.Reader { return iotest.HalfReader(plain()) }
	case 6:
		o.SizeBytes = size / 2
		return "longer body", plain
	case 7:
		o.ETag, o.SHA512, o.MaxBytes = etagOf(data), true, size
		return "body with digests", plain
	}
	return "body", plain
}

func (l *lockstep) putObject() {
	id := l.objectID()
	o := objstore.PutOptions{
		ContentType: pick(l, []string{"a/b", "c/d", ""}),
		Metadata:    l.metadata("X-Object-Meta-"), DeleteAt: l.deleteAt(), IfNoneMatch: l.chance(8),
	}
	if l.chance(4) {
		o.Metadata.Set("X-Object-Sysmeta-S", pick(l, []string{"1", "2"}))
	}
	// Without CompareAtCommit a stated time is compared with the last PUT alone, and
	// the metadata of a later POST stay: the model does not know this.
	if stated := 1000 + objstore.Timestamp(l.rng.IntN(10)); l.chance(6) && l.g.CompareAtCommit {
		o.Timestamp = stated
	}
	if l.chance(6) {
		shown := l.rng.Int64N(1 << 40)
		o.Listing = objstore.ListingOverride{ETag: "e", SizeBytes: &shown, Extra: metadata("slo_etag", `"v"`)}
	}
	what, body := l.randomBody(&o)
	l.did("put object %q, %s of %d", id, what, o.SizeBytes)
	got, gotErr := l.s.PutObject(background, id, body(), o)
	want, wantErr := l.model.PutObject(background, id, body(), o)
	if l.same(gotErr, wantErr) {
		l.sameInfo(got, want)
	}
}

func (l *lockstep) postObject() {
	id := l.objectID()
	o := objstore.PostOptions{Metadata: l.metadata("X-Object-Meta-"), DeleteAt: l.deleteAt(),
		ContentType: pick(l, []string{"", "e/f"}), AllowExpired: l.chance(3)}
	l.did("post object %q, delete at %d, allow expired %v", id, o.DeleteAt, o.AllowExpired)
	got, gotErr := l.s.PostObject(background, id, o)
	want, wantErr := l.model.PostObject(background, id, o)
	if l.same(gotErr, wantErr) {
		l.sameInfo(got, want)
	}
}

func (l *lockstep) deleteObject() {
	id := l.objectID()
	o := objstore.DeleteOptions{}
	if l.chance(4) {
		o.IfDeleteAt = cmp.Or(l.deleteAt(), 7)
	}
	l.did("delete object %q, if delete at %d", id, o.IfDeleteAt)
	got, gotErr := l.s.DeleteObject(background, id, o)
	want, wantErr := l.model.DeleteObject(background, id, o)
	if l.same(gotErr, wantErr) {
		l.sameInfo(got, want)
	}
}

func (l *lockstep) headObject() {
	id, o := l.objectID(), objstore.OpenOptions{AllowExpired: l.chance(2)}
	l.did("head object %q, allow expired %v", id, o.AllowExpired)
	got, gotErr := l.s.HeadObject(background, id, o)
	want, wantErr := l.model.HeadObject(background, id, o)
	if l.same(gotErr, wantErr) {
		l.sameInfo(got, want)
	}
}

func (l *lockstep) sameInfo(got, want objstore.ObjectInfo) {
	l.Helper()
	if got.Created > got.Modified {
		l.Fatalf("created at %v, changed at %v", got.Created, got.Modified)
	}
	got.Created, got.Modified = fold(got.Created), fold(got.Modified)
	want.Created, want.Modified = fold(want.Created), fold(want.Modified)
	if !sameInfo(got, want) {
		l.Fatalf("%s\nthe store gave %+v\nthe model %+v", l.log[len(l.log)-1], got, want)
	}
}

// openPair is an object, opened in the store and in the model.
type openPair struct{ got, want objstore.Object }

func (p openPair) close() {
	p.got.Close()
	p.want.Close()
}

func (l *lockstep) openObject() {
	id, o := l.objectID(), objstore.OpenOptions{AllowExpired: l.chance(2)}
	l.did("open object %q, allow expired %v", id, o.AllowExpired)
	got, gotErr := l.s.OpenObject(background, id, o)
	want, wantErr := l.model.OpenObject(background, id, o)
	if !l.same(gotErr, wantErr) {
		return
	}
	l.open = append(l.open, openPair{got, want})
	l.readPair(len(l.open) - 1)
	if len(l.open) > pairsOpenMax || !l.g.StableObjects {
		l.open[0].close()
		l.open = l.open[1:]
	}
}

// readOpen reads a version that may have been replaced long ago.
func (l *lockstep) readOpen() {
	if len(l.open) == 0 {
		return
	}
	i := l.rng.IntN(len(l.open))
	l.did("read open object %d", i)
	l.readPair(i)
}

func (l *lockstep) readPair(i int) {
	p := l.open[i]
	l.sameInfo(*p.got.Info(), *p.want.Info())
	size := p.want.Info().SizeBytes
	body, err := io.ReadAll(p.want.Range(0, size))
	l.ok(err)
	offset := l.rng.Int64N(size + 1)
	l.wantRange(p.got, body, offset, l.rng.Int64N(size-offset+1))
	l.wantRange(p.got, body, 0, size)
}
