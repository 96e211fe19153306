// SPDX-License-Identifier: Apache-2.0

package wire

import "bufio"

const (
	errChunkLine   = protocolError("the framing of a chunk is malformed")
	errTrailerSize = protocolError("the trailer is too large")
)

// chunk is what nextChunk found: a size, or the end of the body.
type chunk struct {
	size int64
	end  bool
}

// nextChunk reads the framing up to the first byte of the next chunk, or to the
// end of the body (RFC 9112, 7.1). behind says that a chunk was read before.
// Trailers are dropped.
func nextChunk(in *bufio.Reader, behind bool) (chunk, error) {
	if behind {
		if n, err := skipLine(in, 0); err != nil || n > 0 {
			return chunk{}, orElseError(err, errChunkLine)
		}
	}
	var space [chunkLineBytesMax]byte
	line, err := chunkLine(in, space[:0])
	if err != nil {
		return chunk{}, err
	}
	size, ok := parseChunkSize(line)
	if !ok {
		return chunk{}, errChunkLine
	}
	if size > 0 {
		return chunk{size: size}, nil
	}
	for room := trailerBytesMax; ; {
		n, err := skipLine(in, room)
		if err != nil {
			return chunk{}, err
		}
		if n == 0 {
			return chunk{end: true}, nil
		}
		room -= n + len("\r\n")
	}
}

func orElseError(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// chunkLine appends the line before a chunk to dst, without its CR LF, up to
// the capacity of dst.
func chunkLine(in *bufio.Reader, dst []byte) ([]byte, error) {
	for {
		c, err := in.ReadByte()
		switch {
		case err != nil:
			return nil, unexpected(err)
		case c == '\r':
			return dst, lineFeed(in)
		case c < ' ' && c != '\t' || c == 0x7f || len(dst) == cap(dst):
			return nil, errChunkLine
		}
		dst = append(dst, c)
	}
}

// skipLine skips a line of at most room bytes, and returns its length without
// the CR LF.
func skipLine(in *bufio.Reader, room int) (int, error) {
	for n := 0; ; n++ {
		c, err := in.ReadByte()
		switch {
		case err != nil:
			return 0, unexpected(err)
		case c == '\r':
			return n, lineFeed(in)
		case c == '\n':
			return 0, errChunkLine
		case n >= room:
			return 0, errTrailerSize
		}
	}
}

func lineFeed(in *bufio.Reader) error {
	c, err := in.ReadByte()
	if err != nil {
		return unexpected(err)
	}
	if c != '\n' {
		return errChunkLine
	}
	return nil
}

// parseChunkSize parses "1a" or "1a;extension".
func parseChunkSize(line []byte) (int64, bool) {
	var n int64
	for i, c := range line {
		var d byte
		switch {
		case '0' <= c && c <= '9':
			d = c - '0'
		case 'a' <= c && c <= 'f':
			d = c - 'a' + 10
		case 'A' <= c && c <= 'F':
			d = c - 'A' + 10
		case c == ';':
			return n, i > 0
		default:
			return 0, false
		}
		if i >= chunkDigitsMax {
			return 0, false
		}
		n = n<<4 | int64(d)
	}
	return n, len(line) > 0
}
