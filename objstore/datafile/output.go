package datafile

import "needletail/objstore/device"

// output writes buffers to a file, in order. With wide buffers a goroutine does
// it while the caller fills the next one.
type output struct {
	file device.File
	wide bool
	cur  *buffer // that the caller fills

	// The following are set when the first full buffer is handed over.
	full chan *buffer // closed by drain; then the goroutine closes free
	free chan written // gives every buffer back
}

// written is a buffer that may be filled again, and the first error of all
// writes so far.
type written struct {
	buffer *buffer
	err    error
}

// newOutput is an output for a body of sizeBytes, or -1. One that fits a narrow
// buffer leaves the wide ones to others.
func newOutput(file device.File, sizeBytes int64) *output {
	small := sizeBytes >= 0 && sizeBytes <= narrowBytes
	o := &output{file: file, wide: !small && takeWide()}
	if o.wide {
		o.cur = wideBuffers.Get().(*buffer)
	} else {
		o.cur = narrowBuffers.Get().(*buffer)
	}
	return o
}

// next writes the full current buffer and gives an empty one in its place.
func (o *output) next() error {
	if !o.wide {
		_, err := o.file.Write(o.cur.bytes)
		return err
	}
	if o.full == nil {
		o.full, o.free = make(chan *buffer, 1), make(chan written, 2)
		o.free <- written{buffer: wideBuffers.Get().(*buffer)}
		go o.writeAll()
	}
	o.full <- o.cur
	done := <-o.free
	o.cur = done.buffer
	return done.err
}

// writeAll ends when full is closed.
func (o *output) writeAll() {
	defer close(o.free)
	var err error
	for b := range o.full {
		if err == nil {
			_, err = o.file.Write(b.bytes)
		}
		o.free <- written{b, err}
	}
}

// drain waits until all that was handed over is written.
func (o *output) drain() error {
	if o.full == nil {
		return nil
	}
	close(o.full)
	var err error
	for done := range o.free {
		wideBuffers.Put(done.buffer)
		err = done.err
	}
	o.full, o.free = nil, nil
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
