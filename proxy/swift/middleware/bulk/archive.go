// SPDX-License-Identifier: Apache-2.0

package bulk

import (
	"archive/tar"
	"bufio"
	"compress/bzip2"
	"compress/gzip"
	"errors"
	"io"
	"strings"

	"needletail/proxy/swift"
	"needletail/proxy/web"
)

// format is a kind of archive.
type format struct {
	open      func(io.Reader) (io.Reader, error)
	heldBytes int64 // by the decompressor and the buffer in front of it
}

// formats are the kinds of archives by their name in the query.
var formats = map[string]format{
	"tar":    {func(r io.Reader) (io.Reader, error) { return r, nil }, archiveBufferBytes},
	"tar.gz": {func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }, archiveBufferBytes + 64<<10},
	// A block of 900 000 bytes takes four bytes each.
	"tar.bz2": {func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }, archiveBufferBytes + 4<<20},
}

// gzipMagic begins a deflated gzip file.
const gzipMagic = "\x1f\x8b\x08"

// archiveBufferBytes is read ahead of the tar format.
const archiveBufferBytes = 64 << 10

// maxGlobalBytes bounds the records of an archive's global pax headers, which
// are kept to the archive's end. An object takes at most a fraction of the
// records as metadata.
const maxGlobalBytes = 64 << 10

// archive gives the regular files of a tar stream, one after the other. The
// bounds of a header, 1 MiB of pax records among them, are archive/tar's.
type archive struct {
	plain       *plain
	tar         *tar.Reader
	global      web.Header // of global pax headers
	globalBytes int
}

// file is a regular file. Its bytes are read from the archive before the next
// file is asked for.
type file struct {
	name      string
	sizeBytes int64
	header    web.Header // from pax records
	badHeader bool       // a record that no header can hold
}

// openArchive begins to read an archive. Every read is refused once the budget
// is used up.
func openArchive(body io.Reader, of format, b *budget) (*archive, error) {
	buffered := bufio.NewReaderSize(&received{body, b}, archiveBufferBytes)
	magic, _ := buffered.Peek(len(gzipMagic)) // an error is there again in open
	unpacked, err := of.open(buffered)
	p := &plain{r: unpacked, budget: b}
	if (errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)) && string(magic) != gzipMagic {
		err = gzip.ErrHeader // too short to be one
	}
	if err != nil {
		return nil, p.fault(err)
	}
	return &archive{plain: p, tar: tar.NewReader(p)}, nil
}

// next is the next regular file; io.EOF after the last.
func (a *archive) next() (*file, error) {
	for {
		h, err := a.tar.Next()
		if err == io.EOF && a.plain.whole() {
			return nil, io.EOF
		}
		// A name never becomes a path, so no name is insecure.
		if err != nil && !(errors.Is(err, tar.ErrInsecurePath) && h != nil) {
			return nil, a.plain.fault(err)
		}
		switch h.Typeflag {
		case tar.TypeXGlobalHeader:
			for key, value := range h.PAXRecords {
				a.globalBytes += len(key) + len(value)
			}
			if _, ok := addPax(&a.global, h.PAXRecords); !ok || a.globalBytes > maxGlobalBytes {
				return nil, a.plain.fault(errPax)
			}
		case tar.TypeReg, tar.TypeCont, tar.TypeGNUSparse:
			f := &file{name: h.Name, sizeBytes: h.Size, header: a.global.Clone()}
			_, ok := addPax(&f.header, h.PAXRecords)
			f.badHeader = !ok
			return f, nil
		}
	}
}

var errPax = errors.New("a pax record does not fit a header")

// addPax sets the headers named by pax records. It returns how many, and
// whether all of them can be headers.
func addPax(h *web.Header, records map[string]string) (n int, ok bool) {
	for key, value := range records {
		name := paxHeader(key)
		if name == "" {
			continue
		}
		if !isToken(name) || strings.ContainsFunc(value, isControl) {
			return n, false
		}
		h.Set(web.TitleName(name), value)
		n++
	}
	return n, true
}

// paxHeader returns the header for a pax record, or "".
func paxHeader(key string) string {
	for _, writer := range []string{"SCHILY", "LIBARCHIVE"} {
		rest, ok := strings.CutPrefix(key, writer+".xattr.user.")
		if !ok {
			continue
		}
		if rest == "mime_type" {
			return "Content-Type"
		}
		if name, ok := strings.CutPrefix(rest, "meta."); ok && name != "" {
			return swift.ObjectResource.UserPrefix() + name
		}
	}
	return ""
}

func isControl(c rune) bool { return c < ' ' && c != '\t' || c == 0x7f }

// isToken allows the characters of a header's name, and bytes above ASCII.
func isToken(s string) bool {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c <= ' ' || c == 0x7f || strings.IndexByte("()<>@,;:\\\"/[]?={}", c) >= 0 {
			return false
		}
	}
	return s != ""
}
