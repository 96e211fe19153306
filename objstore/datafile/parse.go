// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"encoding/binary"
	"encoding/hex"

	"needletail/objstore"
	"needletail/objstore/checksum"
)

// blockSums is the encoded list of a file's block checksums.
type blockSums []byte

func (s blockSums) at(block int64) uint64 { return binary.LittleEndian.Uint64(s[8*block:]) }

// blockCount is the number of blocks of a body.
func blockCount(sizeBytes int64) int64 {
	return (sizeBytes + checksum.BlockBytes - 1) / checksum.BlockBytes
}

// parseFooter reads a footer. The sums are a part of p, the Footer is not.
func parseFooter(p []byte) (Footer, blockSums, error) {
	if len(p) < footerFixedBytes {
		return Footer{}, nil, corrupt("footer is too short")
	}
	le := binary.LittleEndian
	i := objstore.ObjectInfo{
		Created:   objstore.Timestamp(le.Uint64(p)),
		Modified:  objstore.Timestamp(le.Uint64(p[8:])),
		SizeBytes: int64(le.Uint64(p[16:])),
		DeleteAt:  int64(le.Uint64(p[24:])),
		ETag:      hex.EncodeToString(p[40:56]),
	}
	flags := p[38]
	if (flags&flagSHA512 == 0 && !allZero(p[56:120])) || (flags&flagListingSize == 0 && !allZero(p[120:128])) {
		return Footer{}, nil, corrupt("footer has values without their flags")
	}
	if flags&^flagsKnown != 0 || p[39] != 0 || le.Uint32(p[32:]) != checksum.BlockBytes {
		return Footer{}, nil, corrupt("footer has unknown flags or block size")
	}
	if flags&flagSHA512 != 0 {
		i.SHA512 = hex.EncodeToString(p[56:120])
	}
	if flags&flagListingSize != 0 {
		size := int64(le.Uint64(p[120:]))
		i.Listing.SizeBytes = &size
	}
	if i.SizeBytes < 0 || i.SizeBytes > SizeMaxBytes {
		return Footer{}, nil, corrupt("footer has a size out of bounds")
	}
	f := Footer{Policy: objstore.PolicyIndex(le.Uint16(p[36:]))}
	rest := p[footerFixedBytes:]
	if flags&flagFragment != 0 {
		var err error
		if f.Fragment, err = parseFragment(rest); err != nil {
			return Footer{}, nil, err
		}
		rest = rest[fragmentBytes:]
	}
	f.Info.SizeBytes = i.SizeBytes
	sumsBytes := 8 * blockCount(f.StoredBytes())
	if int64(len(rest)) < sumsBytes {
		return Footer{}, nil, corrupt("footer is too short for its blocks")
	}
	c := cursor{rest: rest[sumsBytes:]}
	f.Object.Account = objstore.AccountName(c.text())
	f.Object.Container = objstore.ContainerName(c.text())
	f.Object.Object = objstore.ObjectName(c.text())
	i.ContentType = c.text()
	i.Listing.ETag = c.text()
	i.Listing.ContentType = c.text()
	i.Metadata = c.metadata()
	i.Listing.Extra = c.metadata()
	f.Info = i
	if c.failed || len(c.rest) != 0 {
		return Footer{}, nil, corrupt("footer's names or metadata are malformed")
	}
	return f, blockSums(rest[:sumsBytes]), nil
}

// cursor reads the variable part of a footer. After a failure cursor gives
// zeros.
type cursor struct {
	rest   []byte
	failed bool
}

func (c *cursor) uint32() uint32 {
	if len(c.rest) < 4 {
		c.rest, c.failed = nil, true
		return 0
	}
	n := binary.LittleEndian.Uint32(c.rest)
	c.rest = c.rest[4:]
	return n
}

func (c *cursor) text() string {
	n := c.uint32()
	if uint64(n) > uint64(len(c.rest)) {
		c.rest, c.failed = nil, true
		return ""
	}
	s := string(c.rest[:n])
	c.rest = c.rest[n:]
	return s
}

// metadata fails if the names are not in order, as objstore.Metadata wants them.
func (c *cursor) metadata() objstore.Metadata {
	n := c.uint32()
	if n > fieldsMax {
		c.rest, c.failed = nil, true
	}
	if c.failed || n == 0 {
		return nil
	}
	m := make(objstore.Metadata, 0, n)
	for i := range n {
		m = append(m, objstore.Field{Name: c.text(), Value: c.text()})
		if i > 0 && m[i].Name <= m[i-1].Name {
			c.rest, c.failed = nil, true
		}
		if c.failed {
			return nil
		}
	}
	return m
}

func allZero(p []byte) bool {
	for _, b := range p {
		if b != 0 {
			return false
		}
	}
	return true
}
