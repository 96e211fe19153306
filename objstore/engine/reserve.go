// SPDX-License-Identifier: Apache-2.0

package engine

// Reserve returns device.ErrNoSpace unless the disk of the data folder has room
// for the bytes and the reserve. Nothing is set aside.
func (e *Engine) Reserve(bytes int64) error { return e.dev.Reserve(bytes) }
