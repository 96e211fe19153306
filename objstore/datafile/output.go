package datafile

import (
	"needletail/objstore/checksum"
	"needletail/objstore/device"
)

// output takes the digests of buffers and writes them to a file, in order. With
// wide buffers two goroutines do that, one after the other, while the caller
// fills the next buffer: caller → digest → write → caller. So one upload can
// keep a processor busy with MD5 alone.
type output struct {
	file device.File
	hash *checksum.Hash // the digest goroutine's while toHash is open
	wide bool
	cur  *buffer // that the caller fills

	// The following are set when the first full buffer is handed over.
	toHash  chan *buffer // closed by endBody; nil from then on
	toWrite chan *buffer // closed by drain
	hashed  chan struct{}
	free    chan written // gives every buffer back; closed after the last write
}

// written is a buffer that may be filled again, and the first error of all
// writes so far.
type written struct {
	buffer *buffer
	err    error
}

// newOutput is an output for a body of sizeBytes, or -1. One that fits a narrow
// buffer leaves the wide ones to others.
func newOutput(file device.File, hash *checksum.Hash, sizeBytes int64) *output {
	small := sizeBytes >= 0 && sizeBytes <= narrowBytes
	o := &output{file: file, hash: hash, wide: !small && takeWide()}
	if o.wide {
		o.cur = wideBuffers.Get().(*buffer)
	} else {
		o.cur = narrowBuffers.Get().(*buffer)
	}
	return o
}

// nextOfBody takes the digests of the full current buffer, writes it, and gives
// an empty one in its place.
func (o *output) nextOfBody() error {
	if !o.wide {
		o.hash.Write(o.cur.bytes)
		return o.next()
	}
	if o.free == nil {
		o.start()
	}
	o.toHash <- o.cur
	return o.takeFree()
}

// next writes the full current buffer without a digest: after endBody.
func (o *output) next() error {
	if !o.wide {
		// The digest was taken before: the write may change the buffer.
		_, err := o.file.Write(o.cur.bytes)
		return err
	}
	if o.free == nil {
		o.start()
		o.endBody()
	}
	o.toWrite <- o.cur
	return o.takeFree()
}

func (o *output) takeFree() error {
	done := <-o.free
	o.cur = done.buffer
	return done.err
}

func (o *output) start() {
	o.toHash, o.toWrite = make(chan *buffer, wideEach), make(chan *buffer, wideEach)
	o.hashed, o.free = make(chan struct{}), make(chan written, wideEach)
	for range wideEach - 1 {
		o.free <- written{buffer: wideBuffers.Get().(*buffer)}
	}
	go o.hashAll(o.toHash)
	go o.writeAll()
}

// hashAll ends when the body has.
func (o *output) hashAll(body <-chan *buffer) {
	defer close(o.hashed)
	for b := range body {
		o.hash.Write(b.bytes)
		o.toWrite <- b
	}
}

// writeAll ends when toWrite is closed.
func (o *output) writeAll() {
	defer close(o.free)
	var err error
	for b := range o.toWrite {
		if err == nil {
			_, err = o.file.Write(b.bytes)
		}
		o.free <- written{b, err}
	}
}

// endBody waits for the digests of all that was handed over. From then on the
// hash is the caller's.
func (o *output) endBody() {
	if o.toHash != nil {
		close(o.toHash)
		<-o.hashed
		o.toHash = nil
	}
}

// drain waits until all that was handed over is written.
func (o *output) drain() error {
	if o.free == nil {
		return nil
	}
	o.endBody()
	close(o.toWrite)
	var err error
	for done := range o.free {
		wideBuffers.Put(done.buffer)
		if done.err != nil {
			err = done.err
		}
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

// release gives the buffers back, after a drain.
func (o *output) release() {
	if o.wide {
		wideBuffers.Put(o.cur)
		dropWide()
	} else {
		narrowBuffers.Put(o.cur)
	}
	o.cur = nil
}
