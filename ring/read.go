// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"compress/gzip"
	"crypto/md5"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
)

// Load reads a ring file of format 1 or 2. Lookups in the ring use hash.
func Load(path string, hash Hash) (*Ring, error) {
	data, err := readFile(path)
	if err == nil {
		var r *Ring
		if r, err = Parse(data, hash); err == nil {
			return r, nil
		}
	}
	return nil, &Error{Op: "load", Path: path, Err: err}
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readBounded(f, maxFileBytes, "file")
}

// readBounded reads to the end, which must come within limit bytes.
func readBounded(r io.Reader, limit int64, what string) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fail(ErrLimit, "the %s has more than %d bytes", what, limit)
	}
	return data, nil
}

// unpack undoes gzip, within limit bytes, and verifies the checksum.
func unpack(data []byte, limit int64) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(data))
	if err != nil {
		return nil, fail(ErrFormat, "gzip: %v", err)
	}
	raw, err := readBounded(z, limit, "unpacked file")
	if err != nil && !errors.Is(err, ErrLimit) {
		return nil, fail(ErrFormat, "gzip: %v", err)
	}
	return raw, err
}

// Parse reads the bytes of a ring file of format 1 or 2.
func Parse(data []byte, hash Hash) (*Ring, error) {
	raw, err := unpack(data, maxRawBytes)
	if err != nil {
		return nil, err
	}
	if len(raw) < headerBytes || string(raw[:4]) != magic {
		return nil, fail(ErrVersion, "the file does not begin with %s; rings that Swift before 1.7 wrote are not read", magic)
	}
	switch v := binary.BigEndian.Uint16(raw[4:]); v {
	case 1:
		return parseV1(raw[headerBytes:], hash)
	case 2:
		return parseV2(raw, hash)
	default:
		return nil, fail(ErrVersion, "version %d", v)
	}
}

func parseV1(b []byte, hash Hash) (*Ring, error) {
	text, b, ok := cutBlob(b, 4)
	if !ok {
		return nil, fail(ErrFormat, "the metadata is cut off")
	}
	var m metadataV1
	if err := json.Unmarshal(text, &m); err != nil {
		return nil, fail(ErrFormat, "metadata: %v", err)
	}
	var order binary.ByteOrder = binary.LittleEndian
	switch m.Byteorder {
	case "little", "":
	case "big":
		order = binary.BigEndian
	default:
		return nil, fail(ErrFormat, "byte order %q", m.Byteorder)
	}
	if m.ReplicaCount < 1 || m.ReplicaCount > maxReplicas {
		return nil, fail(ErrLimit, "replica_count %d is not within 1 and %d", m.ReplicaCount, maxReplicas)
	}
	power, err := powerOf(m.PartShift)
	if err != nil {
		return nil, err
	}
	rows, err := readRows(b, power, 2, order)
	if err != nil {
		return nil, err
	}
	// A fraction too small for a partition leaves the last row empty.
	if len(rows) != m.ReplicaCount && (len(rows) != m.ReplicaCount-1 || len(b)%(2<<power) != 0) {
		return nil, fail(ErrFormat, "there are %d rows, replica_count says %d", len(rows), m.ReplicaCount)
	}
	return assemble(m.Devs, rows, power, hash, 1, m.Version, m.NextPartPower)
}

func assemble(devs []*devRecord, rows [][]uint32, power int, hash Hash, format int, version *int64, next *int) (*Ring, error) {
	devices, err := devicesOf(devs)
	if err != nil {
		return nil, err
	}
	r, err := newRing(devices, rows, power, hash)
	if err != nil {
		return nil, err
	}
	r.format = format
	if version != nil {
		r.version = *version
	}
	if next != nil {
		r.nextPartPower = *next
	}
	return r, nil
}

func powerOf(partShift int) (int, error) {
	power := 32 - partShift
	if partShift > 32 || power > maxPartPower {
		return 0, fail(ErrLimit, "part_shift %d is not within %d and 32", partShift, 32-maxPartPower)
	}
	return power, nil
}

// cutBlob cuts a length of width bytes, and as many bytes as the length says,
// off b.
func cutBlob(b []byte, width int) (blob, rest []byte, ok bool) {
	if len(b) < width {
		return nil, nil, false
	}
	n := uint64(binary.BigEndian.Uint32(b))
	if width == 8 {
		n = binary.BigEndian.Uint64(b)
	}
	if n > uint64(len(b)-width) {
		return nil, nil, false
	}
	return b[width : width+int(n)], b[width+int(n):], true
}

// readRows divides a table of device ids of width bytes into rows. The rows
// take at most twice the memory of the table.
func readRows(b []byte, power, width int, order binary.ByteOrder) ([][]uint32, error) {
	parts := 1 << power
	if len(b)%width != 0 {
		return nil, fail(ErrFormat, "the table of %d bytes is cut off within an id", len(b))
	}
	if n := (len(b)/width + parts - 1) / parts; n > maxReplicas {
		return nil, fail(ErrLimit, "%d rows, over %d", n, maxReplicas)
	}
	var rows [][]uint32
	for len(b) > 0 {
		row := make([]uint32, min(parts, len(b)/width))
		for i := range row {
			if width == 2 {
				row[i] = uint32(order.Uint16(b[2*i:]))
			} else {
				row[i] = order.Uint32(b[4*i:])
			}
		}
		rows = append(rows, row)
		b = b[len(row)*width:]
	}
	return rows, nil
}

// indexEntry is a section in the index of format 2.
type indexEntry struct {
	start, end uint64 // of the blob with its length, unpacked
	digest     string // name of the algorithm; "" for none
	sum        string
}

// UnmarshalJSON reads the index's array of six values. Ends and digest may be
// null.
func (e *indexEntry) UnmarshalJSON(text []byte) error {
	var fileStart, start uint64
	var fileEnd, end *uint64
	var digest, sum *string
	fields := []any{&fileStart, &start, &fileEnd, &end, &digest, &sum}
	want := len(fields)
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	if len(fields) != want {
		return fail(ErrFormat, "an entry of the index has %d fields", len(fields))
	}
	*e = indexEntry{start: start, end: math.MaxUint64}
	if end != nil {
		e.end = *end
	}
	if digest != nil && sum != nil {
		e.digest, e.sum = *digest, *sum
	}
	return nil
}

func parseV2(raw []byte, hash Hash) (*Ring, error) {
	index, err := readIndex(raw)
	if err != nil {
		return nil, err
	}
	var m metadataV2
	if err := sectionJSON(raw, index, sectionMetadata, &m); err != nil {
		return nil, err
	}
	var devs []*devRecord
	if err := sectionJSON(raw, index, sectionDevices, &devs); err != nil {
		return nil, err
	}
	power, err := powerOf(m.PartShift)
	if err != nil {
		return nil, err
	}
	if m.DevIDBytes != 2 && m.DevIDBytes != 4 {
		return nil, fail(ErrVersion, "device ids of %d bytes", m.DevIDBytes)
	}
	table, err := section(raw, index, sectionAssignments)
	if err != nil {
		return nil, err
	}
	rows, err := readRows(table, power, m.DevIDBytes, binary.BigEndian)
	if err != nil {
		return nil, err
	}
	return assemble(devs, rows, power, hash, 2, m.Version, m.NextPartPower)
}

func readIndex(raw []byte) (map[string]indexEntry, error) {
	if len(raw) < headerBytes+tailRawBytes {
		return nil, fail(ErrFormat, "the index is cut off")
	}
	start := binary.BigEndian.Uint64(raw[len(raw)-tailRawBytes:])
	if start > uint64(len(raw)-tailRawBytes) {
		return nil, fail(ErrFormat, "the index begins at %d of %d bytes", start, len(raw))
	}
	text, _, ok := cutBlob(raw[start:len(raw)-tailRawBytes], 8)
	if !ok {
		return nil, fail(ErrFormat, "the index is cut off")
	}
	var index map[string]indexEntry
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fail(ErrFormat, "index: %v", err)
	}
	return index, nil
}

func sectionJSON(raw []byte, index map[string]indexEntry, name string, to any) error {
	text, err := section(raw, index, name)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(text, to); err != nil {
		return fail(ErrFormat, "section %s: %v", name, err)
	}
	return nil
}

// section returns the content of a section, verified with its digest if the
// digest is of a known kind.
func section(raw []byte, index map[string]indexEntry, name string) ([]byte, error) {
	e, ok := index[name]
	if !ok {
		return nil, fail(ErrFormat, "there is no section %s", name)
	}
	if e.start > uint64(len(raw)) {
		return nil, fail(ErrFormat, "section %s begins at %d of %d bytes", name, e.start, len(raw))
	}
	blob, rest, ok := cutBlob(raw[e.start:], 8)
	if !ok {
		return nil, fail(ErrFormat, "section %s is cut off", name)
	}
	end := uint64(len(raw) - len(rest))
	if e.end != math.MaxUint64 && e.end != end {
		return nil, fail(ErrFormat, "section %s ends at %d, the index says %d", name, end, e.end)
	}
	if sum, known := digestOf(e.digest, raw[e.start:end]); known && sum != e.sum {
		return nil, fail(ErrFormat, "section %s does not match its %s", name, e.digest)
	}
	return blob, nil
}

func digestOf(name string, b []byte) (sum string, known bool) {
	switch name {
	case "md5":
		s := md5.Sum(b)
		return hex.EncodeToString(s[:]), true
	case "sha1":
		s := sha1.Sum(b)
		return hex.EncodeToString(s[:]), true
	case "sha256":
		s := sha256.Sum256(b)
		return hex.EncodeToString(s[:]), true
	case "sha512":
		s := sha512.Sum512(b)
		return hex.EncodeToString(s[:]), true
	}
	return "", false
}
