// SPDX-License-Identifier: Apache-2.0

package datafile

import (
	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// output takes the digests of buffers and writes them to a file, in order. With
// several buffers the caller fills the next buffer meanwhile, and digests and
// writing go on at once: disk and digest do not wait for each other. The caller
// takes the xxh3, while the bytes are in its processor's cache. The MD5 is
// taken together with further uploads (package checksum), or by a goroutine
// beside the caller. Goroutines of the upload take a SHA-512 and write.
type output struct {
	file   device.File
	hash   *checksum.Hash // the digest goroutine's while toHash is open
	class  *class
	sha512 bool
	cur    *buffer // that the caller fills

	// The following are set when the first full buffer is handed over.
	toHash  chan *buffer // only with a SHA-512; closed by endBody, nil from then on
	toWrite chan *buffer // closed by drain
	hashed  chan struct{}
	free    chan *buffer // gives every buffer back
}

// newOutput is an output for a body of o.SizeHintBytes, or -1.
func newOutput(file device.File, o WriterOptions) *output {
	newHash := checksum.New
	if o.AnyMD5 {
		newHash = checksum.NewWithoutMD5
	}
	out := &output{file: file, hash: newHash(o.SHA512), class: takeClass(o.SizeHintBytes), sha512: o.SHA512}
	out.cur = out.take()
	return out
}

func (o *output) take() *buffer {
	b := o.class.take()
	b.out = o
	return b
}

// takesTurns reports whether the upload has a single buffer.
func (o *output) takesTurns() bool { return o.class.each == 1 }

// Hashed is the end of a buffer's digests.
func (b *buffer) Hashed() { b.leave() }

// leave is called by each of a buffer's users. There is room in the channel for
// every buffer.
func (b *buffer) leave() {
	if b.users.Add(-1) == 0 {
		b.out.free <- b
	}
}

// nextOfBody takes the digests of the full current buffer, writes the buffer,
// and puts an empty buffer in its place.
func (o *output) nextOfBody() error {
	if o.takesTurns() {
		o.hash.Write(o.cur.bytes)
		return o.next()
	}
	if o.free == nil {
		o.start()
	}
	o.cur.users.Store(2)
	o.toWrite <- o.cur
	if o.toHash != nil {
		o.toHash <- o.cur
		return o.takeFree()
	}
	o.hash.Add(o.cur.bytes, o.cur)
	select {
	case o.cur = <-o.free:
		return o.cur.err
	default:
		o.hash.Hurry()
		return o.takeFree()
	}
}

// next writes the full current buffer without a digest: after sum.
func (o *output) next() error {
	if o.takesTurns() {
		_, err := o.file.Write(o.cur.bytes)
		return err
	}
	if o.free == nil {
		o.start()
		o.endBody()
	}
	o.cur.users.Store(1)
	o.toWrite <- o.cur
	return o.takeFree()
}

func (o *output) takeFree() error {
	o.cur = <-o.free
	return o.cur.err
}

func (o *output) start() {
	o.toWrite, o.free = make(chan *buffer, o.class.each), make(chan *buffer, o.class.each)
	for range o.class.each - 1 {
		o.free <- o.take()
	}
	go o.writeAll()
	if o.sha512 {
		o.toHash, o.hashed = make(chan *buffer, o.class.each), make(chan struct{})
		go o.hashAll(o.toHash)
	}
}

// hashAll ends when the body has.
func (o *output) hashAll(body <-chan *buffer) {
	defer close(o.hashed)
	for b := range body {
		o.hash.Add(b.bytes, b)
		o.hash.Hurry()
	}
}

// writeAll ends when toWrite is closed.
func (o *output) writeAll() {
	var err error
	for b := range o.toWrite {
		if err == nil {
			_, err = o.file.Write(b.bytes)
		}
		b.err = err
		b.leave()
	}
}

// endBody says that the body is complete. From now on the hash is the caller's.
func (o *output) endBody() {
	if o.toHash != nil {
		close(o.toHash)
		<-o.hashed
		o.toHash = nil
	}
}

// sum returns the digests of the body, whose end is the first n bytes of the
// current buffer.
func (o *output) sum(n int) checksum.Digests {
	o.endBody()
	o.hash.Write(o.cur.bytes[:n])
	return o.hash.Sum()
}

// drain waits until everything handed over is written.
func (o *output) drain() error {
	if o.free == nil {
		return nil
	}
	o.endBody()
	o.hash.Wait()
	close(o.toWrite)
	var err error
	for range o.class.each - 1 { // all but the current one
		b := <-o.free
		if err == nil {
			err = b.err
		}
		o.class.put(b)
	}
	o.toWrite, o.free = nil, nil
	return err
}

// writeLast drains, and writes the first n bytes of the current buffer.
func (o *output) writeLast(n int) error {
	if err := o.drain(); err != nil || n == 0 {
		return err
	}
	_, err := o.file.Write(o.cur.bytes[:n])
	return err
}

// release gives the buffers and the hash back, after a drain.
func (o *output) release() {
	o.class.put(o.cur)
	o.class.drop()
	o.cur = nil
	o.hash.Release()
}
