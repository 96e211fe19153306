// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"log/slog"

	"github.com/cockroachdb/pebble/v2/vfs"

	"needletail/objstore/datafolder"
	"needletail/objstore/device"
)

// identityReserveBytes stay free on the disk of a data folder that holds
// identities alone.
const identityReserveBytes = 256 * mebi

// identityFolder is a data folder for identities alone, without objects and
// without a second copy.
type identityFolder struct{ *datafolder.Held }

// openIdentityFolder locks the data folder of a proxy of a cluster. A data
// folder with objects is refused: the objects would not be served.
func openIdentityFolder(dir string, logger *slog.Logger) (*identityFolder, error) {
	if err := ensureDataFolder(dir); err != nil {
		return nil, err
	}
	held, err := datafolder.Folder{Dir: dir, FS: vfs.Default, Logger: logger}.Lock()
	if err != nil {
		return nil, err
	}
	if _, err := held.Identify(); err != nil {
		return nil, errors.Join(err, held.Close())
	}
	if held.Noted(datafolder.IndexNote) || exists(held.Path(datafolder.IndexName)) {
		err := fmt.Errorf("%w: configuration: cluster: %s holds objects of the embedded store, which a proxy of a cluster does not serve", errUsage, dir)
		return nil, errors.Join(err, held.Close())
	}
	return &identityFolder{held}, nil
}

// MirrorDir is "": there is one copy.
func (f *identityFolder) MirrorDir() string { return "" }

// IdentityCopies has no news to take: there is one copy.
func (f *identityFolder) IdentityCopies(error) {}

// Reserve returns device.ErrNoSpace unless the disk has room for the bytes and
// the reserve.
func (f *identityFolder) Reserve(bytes int64) error {
	usage, err := f.FS.GetDiskUsage(f.Dir)
	if err != nil {
		return err
	}
	if usage.AvailBytes < uint64(bytes)+identityReserveBytes {
		return fmt.Errorf("%s: %w", f.Dir, device.ErrNoSpace)
	}
	return nil
}
