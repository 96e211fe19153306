package checksum

import (
	"crypto/md5"
	"crypto/sha512"
	"encoding/hex"
	"hash"
	"sync"

	md5simd "github.com/minio/md5-simd"
	"github.com/zeebo/xxh3"
)

// BlockBytes is the number of bytes that one xxh3 covers, and so the least that
// a range read must take from the disk. 128 KiB costs 8 bytes in 131,072: 320
// KiB of checksums for a body of 5 GiB.
const BlockBytes = 128 << 10

// keptBlocksMax is the longest list of block sums that a pooled Hash keeps: that
// of a body of 8 GiB.
const keptBlocksMax = 8 << 30 / BlockBytes

// Digests are the results of one pass over a body.
type Digests struct {
	SizeBytes int64
	MD5       string   // 32 lower-case hex digits
	SHA512    string   // 128 lower-case hex digits, or "" if it was not asked for
	Blocks    []uint64 // xxh3-64 of each block; the last may be shorter
}

// Hash takes the digests of one stream. It comes from New and goes back with
// Release; it is for one goroutine at a time.
type Hash struct {
	sizeBytes int64
	md5       hash.Hash      // the lane if there is one, else plain; nil before the first byte
	lane      md5simd.Hasher // nil if the digest is plain
	plain     hash.Hash
	sha512    hash.Hash // nil unless asked for
	blocks    []uint64
	block     *xxh3.Hasher // of a block that came in pieces
	filled    int          // bytes in block
}

var hashes = sync.Pool{New: func() any {
	return &Hash{plain: md5.New(), block: xxh3.New()}
}}

// New is an empty Hash. It must be released, whatever becomes of the stream.
func New(withSHA512 bool) *Hash {
	h := hashes.Get().(*Hash)
	inFlight.Add(1)
	if withSHA512 {
		h.sha512 = sha512.New()
	}
	return h
}

// NewWithoutMD5 is a Hash whose MD5 is 16 random bytes, which cost nothing.
func NewWithoutMD5(withSHA512 bool) *Hash {
	h := New(withSHA512)
	h.md5 = newToken()
	return h
}

// choose decides, when the first bytes come, between a lane and the plain
// digest: streams that begin together then know of one another.
func (h *Hash) choose() {
	h.md5 = h.plain
	if inFlight.Load() >= lanesFrom {
		if h.lane = takeLane(); h.lane != nil {
			h.md5 = h.lane
		}
	}
}

// Release ends the use of h. What Sum gave stays valid.
func (h *Hash) Release() {
	inFlight.Add(-1)
	if h.lane != nil {
		giveLane(h.lane)
	}
	h.plain.Reset()
	h.block.Reset()
	if cap(h.blocks) > keptBlocksMax {
		h.blocks = nil
	}
	h.md5, h.lane, h.sha512 = nil, nil, nil
	h.sizeBytes, h.filled, h.blocks = 0, 0, h.blocks[:0]
	hashes.Put(h)
}

// Write adds p to the stream; it never fails and does not keep or change p.
// Pieces that are multiples of BlockBytes cost least.
func (h *Hash) Write(p []byte) (int, error) {
	n := len(p)
	if h.md5 == nil {
		h.choose()
	}
	h.sizeBytes += int64(n)
	h.md5.Write(p)
	if h.sha512 != nil {
		h.sha512.Write(p)
	}
	for len(p) > 0 {
		if h.filled == 0 && len(p) >= BlockBytes {
			h.blocks = append(h.blocks, xxh3.Hash(p[:BlockBytes]))
			p = p[BlockBytes:]
			continue
		}
		part := min(len(p), BlockBytes-h.filled)
		h.block.Write(p[:part])
		h.filled += part
		p = p[part:]
		if h.filled == BlockBytes {
			h.blocks = append(h.blocks, h.block.Sum64())
			h.block.Reset()
			h.filled = 0
		}
	}
	return n, nil
}

// Sum is the digests of what was written so far.
func (h *Hash) Sum() Digests {
	if h.md5 == nil {
		h.choose()
	}
	d := Digests{
		SizeBytes: h.sizeBytes,
		MD5:       hex.EncodeToString(h.md5.Sum(nil)),
		Blocks:    append(make([]uint64, 0, len(h.blocks)+1), h.blocks...),
	}
	if h.filled > 0 {
		d.Blocks = append(d.Blocks, h.block.Sum64())
	}
	if h.sha512 != nil {
		d.SHA512 = hex.EncodeToString(h.sha512.Sum(nil))
	}
	return d
}

// Block is the xxh3-64 of one block.
func Block(p []byte) uint64 { return xxh3.Hash(p) }
