// SPDX-License-Identifier: Apache-2.0

package cluster

import (
	"context"
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"slices"

	"needletail/objstore"
	"needletail/objstore/cluster/swiftcrypto"
	"needletail/objstore/cluster/wire"
	"needletail/objstore/pipe"
)

// digests are taken in the proxy only where metadata depend on the body; else
// the nodes' MD5 is enough. The digests are of the plaintext.
type digests struct {
	md5, sha512 hash.Hash
	object      *objectDigest // in place of md5 for an erasure-coded body in clear
	seal        *swiftcrypto.Sealer
	sealed      *swiftcrypto.Body // nil before the first byte of a body to encrypt
}

func (u *upload) newDigests() *digests {
	d := &digests{seal: u.seal}
	switch {
	case u.code != nil && u.seal == nil:
		d.object = newObjectDigest(u.o.SizeBytes)
	case u.footed:
		d.md5 = md5.New()
	}
	if u.o.SHA512 {
		d.sha512 = sha512.New()
	}
	return d
}

// take takes the next bytes of a body, and encrypts the bytes in their place if
// the object is to be encrypted. held, if not nil, is used while a digest is under
// way.
func (d *digests) take(b []byte, held load) {
	switch {
	case d.object != nil:
		d.object.add(b, held)
	case d.seal == nil && d.md5 != nil:
		d.md5.Write(b)
	}
	if d.sha512 != nil {
		d.sha512.Write(b)
	}
	if d.seal == nil {
		return
	}
	if d.sealed == nil {
		d.sealed = d.seal.Body()
	}
	d.sealed.Seal(b)
}

// etags are the MD5s of the body, and of what the servers get.
func (d *digests) etags() (plain, stored string) {
	switch {
	case d.sealed != nil:
		return d.sealed.ETags()
	case d.object != nil:
		plain = d.object.sum()
	default:
		plain = sumOf(d.md5)
	}
	return plain, plain
}

func (d *digests) release() {
	if d.object != nil {
		d.object.Release()
	}
}

func sumOf(h hash.Hash) string {
	if h == nil {
		return ""
	}
	return hex.EncodeToString(h.Sum(nil))
}

// stream reads the body and gives the body to the lanes. The info has no ETag if
// the nodes take the ETag.
func (u *upload) stream(ctx context.Context, body io.Reader) (objstore.ObjectInfo, error) {
	d, read := u.newDigests(), u.readBody
	defer d.release()
	if u.code != nil {
		read = u.readSegments
	}
	size, err := read(ctx, body, d)
	if err != nil {
		return objstore.ObjectInfo{}, err
	}
	info := objstore.ObjectInfo{
		SizeBytes: size, SHA512: sumOf(d.sha512), ContentType: orType(u.o.ContentType),
		Metadata: u.o.Metadata.Clone(), DeleteAt: u.o.DeleteAt, Listing: cloneListing(u.o.Listing),
	}
	info.ETag, _ = d.etags()
	if u.footed {
		if err := u.foot(&info, d); err != nil {
			return info, err
		}
	}
	for _, l := range u.lanes {
		l.whole = true
	}
	info.Created, info.Modified = u.at.Units, u.at.Units
	return info, nil
}

var errOtherETag = errors.New("the body's MD5 is not the ETag of the request")

// foot makes the footer, after the ETag agreed.
func (u *upload) foot(info *objstore.ObjectInfo, d *digests) error {
	if u.o.ETag != "" && u.o.ETag != info.ETag {
		return u.fail(objstore.KindETagMismatch, errOtherETag)
	}
	if u.o.Finish != nil {
		if err := u.o.Finish(info); err != nil {
			return u.fail(objstore.KindInternal, err)
		}
	}
	var footer wire.Header
	if u.code == nil || footed(u.o) || u.seal != nil {
		footer = u.sealedFooter(info, d.sealed)
	}
	if u.code != nil {
		_, stored := d.etags()
		footer = u.ecFooter(info.SizeBytes, stored, footer)
	}
	for _, l := range u.lanes {
		l.footer = footer
	}
	return nil
}

// readBody reads the body to its end, and not beyond a stated length.
func (u *upload) readBody(ctx context.Context, body io.Reader, d *digests) (size int64, err error) {
	for size != u.o.SizeBytes {
		c, n, end, err := u.readPiece(body, d, size)
		size += int64(n)
		if err = u.checkRead(size, end, err); err == nil && n > 0 {
			err = u.send(ctx, c)
		}
		if c != nil {
			c.release()
		}
		if err != nil || end {
			return size, err
		}
	}
	return size, nil
}

// readPiece reads the next n bytes of the body, after size bytes: into pipes if
// the body comes from a socket and goes to the nodes as it is, else into memory.
func (u *upload) readPiece(body io.Reader, d *digests, size int64) (c load, n int, end bool, err error) {
	if socket, ok := body.(pipe.Reader); ok && u.takesPipes(d) {
		t, n, err := u.fillTeed(socket, int(u.room(size, pipe.BytesMax)))
		if t != nil {
			return t, n, err == io.EOF, nil
		}
		if err != nil {
			return nil, 0, false, err
		}
	}
	m := newChunk()
	m.n, end, err = readFull(body, m.buf[:u.room(size, chunkBytes)], enoughBytes)
	if err == nil && m.n > 0 {
		d.take(m.bytes(), nil)
	}
	return m, m.n, end, err
}

// room is how many bytes are read next, after size bytes: at most most, and one
// byte over MaxBytes without a stated length.
func (u *upload) room(size, most int64) int64 {
	switch {
	case u.o.SizeBytes >= 0:
		return min(most, u.o.SizeBytes-size)
	case u.o.MaxBytes > 0:
		return min(most, u.o.MaxBytes+1-size)
	}
	return most
}

// checkRead judges a body after size bytes. end says that the body is over, and
// err is the reader's error.
func (u *upload) checkRead(size int64, end bool, err error) error {
	switch {
	case err != nil:
		return u.fail(objstore.KindBody, err)
	case u.o.MaxBytes > 0 && size > u.o.MaxBytes:
		return u.fail(objstore.KindTooLarge, nil)
	case end && size < u.o.SizeBytes:
		return u.fail(objstore.KindShortBody, fmt.Errorf("%d of %d bytes", size, u.o.SizeBytes))
	}
	return nil
}

// emptyReadsMax is how often in a row a reader may give neither bytes nor an
// error, as in bufio.
const emptyReadsMax = 100

// readFull fills p, or reads up to the end of r. Bytes that are enough do as well, if
// no more have arrived.
func readFull(r io.Reader, p []byte, enough int) (n int, end bool, err error) {
	empty := 0
	for n < len(p) {
		m, err := r.Read(p[n:])
		n += m
		switch {
		case err == nil && m > 0 && n >= enough:
			return n, false, nil
		case err == io.EOF:
			return n, true, nil
		case err != nil:
			return n, false, err
		case m > 0:
			empty = 0
		case empty == emptyReadsMax:
			return n, false, io.ErrNoProgress
		default:
			empty++
		}
	}
	return n, false, nil
}

// cloneListing copies everything that a listing override points to.
func cloneListing(l objstore.ListingOverride) objstore.ListingOverride {
	l.Extra = slices.Clone(l.Extra)
	if l.SizeBytes != nil {
		size := *l.SizeBytes
		l.SizeBytes = &size
	}
	return l
}
