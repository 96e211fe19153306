package engine

// Reserve says whether the data folder's disk takes so many bytes more and
// leaves the reserve free: device.ErrNoSpace if not. Nothing is set aside.
func (e *Engine) Reserve(bytes int64) error { return e.dev.Reserve(bytes) }
