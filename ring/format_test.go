// SPDX-License-Identifier: Apache-2.0

package ring

import (
	"bytes"
	"compress/flate"
	"compress/gzip"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func gzipped(raw []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, _ = z.Write(raw)
	_ = z.Close()
	return b.Bytes()
}

func rawV1(metadata string, table []byte) []byte {
	raw := binary.BigEndian.AppendUint16([]byte(magic), 1)
	raw = binary.BigEndian.AppendUint32(raw, uint32(len(metadata)))
	return append(append(raw, metadata...), table...)
}

// rawV2 makes a file of format 2 with sections and no boundaries, as one that
// was compressed again.
func rawV2(digest string, sections map[string]string) []byte {
	raw := binary.BigEndian.AppendUint16([]byte(magic), 2)
	index := map[string][6]any{}
	for name, content := range sections {
		start := len(raw)
		raw = append(binary.BigEndian.AppendUint64(raw, uint64(len(content))), content...)
		sum := sha256.Sum256(raw[start:])
		index[name] = [6]any{0, start, nil, len(raw), digest, hex.EncodeToString(sum[:])}
	}
	text, _ := json.Marshal(index)
	start := len(raw)
	raw = append(binary.BigEndian.AppendUint64(raw, uint64(len(text))), text...)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(raw, uint64(start)), 0)
}

const oneDevice = `[{"id":0,"device":"a","ip":"h","port":1,"weight":1,"zone":3}]`

func TestParseErrors(t *testing.T) {
	v1 := func(meta, table string) []byte { return gzipped(rawV1(meta, []byte(table))) }
	meta := func(devs string, shift, replicas int) string {
		return fmt.Sprintf(`{"devs":%s,"part_shift":%d,"replica_count":%d}`, devs, shift, replicas)
	}
	v2 := func(digest, metadata, table string) []byte {
		return gzipped(rawV2(digest, map[string]string{sectionMetadata: metadata, sectionDevices: oneDevice, sectionAssignments: table}))
	}
	good := v2("sha256", `{"dev_id_bytes":2,"part_shift":32}`, "\x00\x00")
	if _, err := Parse(good, Hash{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Parse(v2("blake9", `{"dev_id_bytes":4,"part_shift":32}`, "\x00\x00\x00\x00"), Hash{}); err != nil {
		t.Errorf("an unknown digest: %v", err)
	}
	if _, err := Parse(v1(meta(oneDevice, 31, 2), "\x00\x00\x00\x00"), Hash{}); err != nil {
		t.Errorf("a last row of no partitions: %v", err)
	}
	for name, c := range map[string]struct {
		data []byte
		kind error
		says string
	}{
		"empty":          {nil, ErrFormat, "gzip"},
		"no gzip":        {[]byte("R1NG\x00\x01"), ErrFormat, "gzip"},
		"cut gzip":       {good[:len(good)-9], ErrFormat, "gzip"},
		"bad checksum":   {append(bytes.Clone(good[:len(good)-8]), 0, 0, 0, 0, good[len(good)-4], 0, 0, 0), ErrFormat, "gzip"},
		"pickle":         {gzipped([]byte("\x80\x02}q\x01")), ErrVersion, "before 1.7"},
		"version 3":      {gzipped([]byte("R1NG\x00\x03")), ErrVersion, "version 3"},
		"cut metadata":   {gzipped([]byte("R1NG\x00\x01\xff\xff\xff\xff{}")), ErrFormat, "cut off"},
		"no JSON":        {v1("{", ""), ErrFormat, "metadata"},
		"byte order":     {v1(`{"byteorder":"pdp","part_shift":32,"replica_count":1}`, ""), ErrFormat, "byte order"},
		"no replicas":    {v1(meta(oneDevice, 32, 0), ""), ErrLimit, "replica_count"},
		"power":          {v1(meta(oneDevice, 32-maxPartPower-1, 1), "\x00\x00"), ErrLimit, "part_shift"},
		"negative power": {v1(meta(oneDevice, 33, 1), "\x00\x00"), ErrLimit, "part_shift"},
		"half an id":     {v1(meta(oneDevice, 32, 1), "\x00\x00\x00"), ErrFormat, "within an id"},
		"short table":    {v1(meta(oneDevice, 31, 3), "\x00\x00\x00\x00"), ErrFormat, "there are 1 rows"},
		"long table":     {v1(meta(oneDevice, 32, 1), "\x00\x00\x00\x00"), ErrFormat, "there are 2 rows"},
		"only a part":    {v1(meta(oneDevice, 30, 1), "\x00\x00"), ErrFormat, "row 0 has 1 of 4"},
		"no such device": {v1(meta(oneDevice, 32, 1), "\x01\x00"), ErrFormat, "device 1"},
		"hole":           {v1(meta("[null]", 32, 1), "\x00\x00"), ErrFormat, "device 0"},
		"wrong place":    {v1(meta("[null,"+oneDevice[1:], 32, 1), "\x00\x00"), ErrFormat, "at place 1"},
		"id bytes":       {v2("sha256", `{"dev_id_bytes":8,"part_shift":32}`, "\x00\x00"), ErrVersion, "8 bytes"},
		"digest":         {v2("sha512", `{"dev_id_bytes":2,"part_shift":32}`, "\x00\x00"), ErrFormat, "sha512"},
		"digest md5":     {v2("md5", `{"dev_id_bytes":2,"part_shift":32}`, "\x00\x00"), ErrFormat, "md5"},
		"digest sha1":    {v2("sha1", `{"dev_id_bytes":2,"part_shift":32}`, "\x00\x00"), ErrFormat, "sha1"},
		"no section":     {gzipped(rawV2("sha256", nil)), ErrFormat, "no section swift/ring/metadata"},
		"no index":       {gzipped([]byte("R1NG\x00\x02")), ErrFormat, "index"},
		"index beyond":   {gzipped([]byte("R1NG\x00\x02\xff23456789abcdef01234567")), ErrFormat, "index begins"},
		"empty table":    {v2("sha256", `{"dev_id_bytes":2,"part_shift":32}`, ""), ErrFormat, "0 rows"},
	} {
		_, err := Parse(c.data, Hash{})
		if !errors.Is(err, c.kind) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.ring.gz")
	if _, err := Load(path, Hash{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("no file: %v", err)
	}
	if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	var e *Error
	if _, err := Load(path, Hash{}); !errors.As(err, &e) || e.Path != path || !errors.Is(err, ErrFormat) {
		t.Errorf("no ring: %v", err)
	}
}

func TestReadIsBounded(t *testing.T) {
	for n, ok := range map[int]bool{100: true, 101: false} {
		_, err := unpack(gzipped(make([]byte, n)), 100)
		if (err == nil) != ok || !ok && !errors.Is(err, ErrLimit) {
			t.Errorf("%d bytes: %v", n, err)
		}
	}
}

func TestRowsAreBounded(t *testing.T) {
	for n, ok := range map[int]bool{maxReplicas: true, maxReplicas + 1: false} {
		_, err := readRows(make([]byte, 2*n), 0, 2, binary.LittleEndian)
		if (err == nil) != ok || !ok && !errors.Is(err, ErrLimit) {
			t.Errorf("%d rows: %v", n, err)
		}
	}
}

func TestDeviceIDsAreBounded(t *testing.T) {
	for n, ok := range map[int]bool{maxDeviceID + 1: true, maxDeviceID + 2: false} {
		if _, err := devicesOf(make([]*devRecord, n)); (err == nil) != ok {
			t.Errorf("%d devices: %v", n, err)
		}
	}
	for id, ok := range map[int]bool{maxDeviceID: true, maxDeviceID + 1: false, -1: false} {
		d := testDevice(id, 1, 1, 1, 1)
		if err := d.check(); (err == nil) != ok {
			t.Errorf("id %d: %v", id, err)
		}
	}
}

// TestFormatOneIsNarrow: Swift reserves id 65535, so 65534 is the last.
func TestFormatOneIsNarrow(t *testing.T) {
	for id, ok := range map[int]bool{65534: true, 65535: false} {
		b := newTestBuilder(t, 2, 1, testDevice(id, 1, 1, 1, 1))
		rebalance(t, b, 1)
		r, err := b.Ring(Hash{})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Write(io.Discard, 1); (err == nil) != ok || !ok && !errors.Is(err, ErrVersion) {
			t.Errorf("id %d in format 1: %v", id, err)
		}
		if want := map[bool]int{true: 1, false: 2}[ok]; r.FormatVersion() != want {
			t.Errorf("id %d: own format %d", id, r.FormatVersion())
		}
		if err := r.Write(io.Discard, 0); err != nil {
			t.Errorf("id %d in its own format: %v", id, err)
		}
	}
	b := newTestBuilder(t, 0, 1, testDevice(0, 1, 1, 1, 1))
	rebalance(t, b, 1)
	r, _ := b.Ring(Hash{})
	if err := r.Write(io.Discard, 3); !errors.Is(err, ErrVersion) {
		t.Errorf("format 3: %v", err)
	}
}

// TestTailOfFormatTwo: Swift begins to read 31 bytes before the end, without
// what is before them.
func TestTailOfFormatTwo(t *testing.T) {
	b := newTestBuilder(t, 10, 3, zones(9, 3)...)
	rebalance(t, b, 1)
	r, _ := b.Ring(Hash{})
	var file bytes.Buffer
	if err := r.Write(&file, 2); err != nil {
		t.Fatal(err)
	}
	tail := file.Bytes()[file.Len()-31:]
	if !bytes.Equal(tail[:5], []byte{0, 8, 0, 0xf7, 0xff}) || !bytes.Equal(tail[13:18], flushBlock) || !bytes.Equal(tail[18:23], endBlock) {
		t.Fatalf("tail % x", tail)
	}
	start := binary.BigEndian.Uint64(tail[5:])
	var index map[string][6]any
	if err := json.Unmarshal(blobAt(t, file.Bytes(), start), &index); err != nil {
		t.Fatal(err)
	}
	for name, entry := range index {
		if blob := blobAt(t, file.Bytes(), uint64(entry[0].(float64))); len(blob)+8 != int(entry[3].(float64)-entry[1].(float64)) {
			t.Errorf("%s has %d bytes", name, len(blob))
		}
	}
}

// blobAt unpacks a blob from where it begins in the file, with nothing before
// it, as Swift does.
func blobAt(t *testing.T, file []byte, start uint64) []byte {
	t.Helper()
	z := flate.NewReader(bytes.NewReader(file[start:]))
	size := make([]byte, 8)
	if _, err := io.ReadFull(z, size); err != nil {
		t.Fatal(err)
	}
	blob := make([]byte, binary.BigEndian.Uint64(size))
	if _, err := io.ReadFull(z, blob); err != nil {
		t.Fatal(err)
	}
	return blob
}

// failingWriter fails after n bytes.
type failingWriter struct{ n int }

var errDiskFull = errors.New("disk full")

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.n -= len(b); w.n < 0 {
		return 0, errDiskFull
	}
	return len(b), nil
}

func TestWriteErrorsAreReported(t *testing.T) {
	b := newTestBuilder(t, 4, 3, zones(4, 3)...)
	rebalance(t, b, 1)
	r, _ := b.Ring(Hash{})
	for format := 1; format <= 2; format++ {
		var whole bytes.Buffer
		if err := r.Write(&whole, format); err != nil {
			t.Fatal(err)
		}
		for n := 0; n < whole.Len(); n += 13 {
			if err := r.Write(&failingWriter{n}, format); !errors.Is(err, errDiskFull) {
				t.Fatalf("format %d, %d bytes: %v", format, n, err)
			}
		}
	}
	if err := r.WriteFile(filepath.Join(t.TempDir(), "no", "folder"), 1); err == nil {
		t.Error("wrote into a folder that is not there")
	}
}

func TestASCIIJSON(t *testing.T) {
	text, err := asciiJSON("a\u00fc\u2603\U0001f600\x7f")
	if want := `"a\u00fc\u2603\ud83d\ude00\u007f"`; err != nil || string(text) != want {
		t.Errorf("%s, want %s (%v)", text, want, err)
	}
}

// FuzzParse: whatever the bytes are, an error or a ring that can be looked up,
// written and read.
func FuzzParse(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*.ring.gz")
	for _, p := range paths {
		data, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		raw, err := unpack(data, maxRawBytes)
		if err != nil {
			f.Fatal(err)
		}
		if len(raw) < 16<<10 { // mutations of 70,000 holes find nothing, slowly
			f.Add(raw)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := Parse(gzipped(raw), Hash{})
		if err != nil {
			return
		}
		p := r.Partition("a", "c", "o")
		if len(r.Nodes(p)) == 0 {
			t.Error("a partition without nodes")
		}
		for range r.Handoffs(p) {
		}
		if again := rewritten(t, r, 2); again.Partition("a", "c", "o") != p {
			t.Error("written and read, the ring is another")
		}
	})
}

// FuzzParseBuilder: whatever the bytes are, an error or a builder that works.
func FuzzParseBuilder(f *testing.F) {
	b := newTestBuilder(f, 3, 2.5, zones(4, 2)...)
	for range 2 {
		var file bytes.Buffer
		if err := b.write(&file); err != nil {
			f.Fatal(err)
		}
		raw, _ := unpack(file.Bytes(), maxRawBytes)
		f.Add(raw)
		rebalance(f, b, 1)
		_ = b.Remove(2)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := ParseBuilder(gzipped(raw))
		if err != nil || len(b.devices) > 1000 || b.replicas > 20 {
			return
		}
		if _, err := b.Rebalance(1); err == nil {
			if err := b.Validate(); err != nil {
				t.Error(err)
			}
		}
	})
}
