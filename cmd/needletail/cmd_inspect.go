// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/spf13/cobra"

	"needletail/objstore"
	"needletail/objstore/datafile"
	"needletail/objstore/device"
	"needletail/objstore/engine"
	"needletail/objstore/fsck"
	"needletail/objstore/meta"
)

func newInspectCommand() *cobra.Command {
	var data string
	var asJSON, readData bool
	cmd := &cobra.Command{
		Use:   "inspect FILE|ACCOUNT[/CONTAINER[/OBJECT]]",
		Short: "Print what a data file says of itself, or what the index has under a name",
		Long: `Print what a data file says of itself, or what the index has under a name.

A FILE is any data file, wherever it lies: every block of it is checked. A name
is looked up in the data folder, which no server may use meanwhile; of an object
it also looks at the trailer and footer of each data file, and with --read-data
at every block. Nothing is changed.

Exit codes: 0 all is well; 1 damaged, or the command failed; 2 wrong usage, or a
file that is no data file; 3 no such file or name; 4 a server uses the data
folder.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			v, err := inspect(args[0], data, readData)
			if v == nil {
				return err
			}
			if asJSON {
				enc := json.NewEncoder(cmd.OutOrStdout())
				enc.SetIndent("", "  ")
				return errors.Join(enc.Encode(v), err)
			}
			printInspected(cmd.OutOrStdout(), v)
			return err
		},
	}
	cmd.Flags().StringVar(&data, "data", "./data", "`DIR` of the server, for names")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.Flags().BoolVar(&readData, "read-data", false, "of an object's files, check every block")
	return cmd
}

// inspect returns what to print. The error is nil for a sound object, and says
// else that the object is damaged or missing.
func inspect(what, data string, readData bool) (*inspected, error) {
	if stat, err := os.Stat(what); err == nil && stat.Mode().IsRegular() {
		f := inspectFile(what, true)
		if f.foreign && !namedAsDataFile(what) {
			return nil, fmt.Errorf("%w: %s is not a data file: it neither ends as one nor has the name of one", errUsage, what)
		}
		return &inspected{Files: []inspectedFile{f}}, f.err()
	}
	name, err := parseName(what)
	if err != nil {
		return nil, err
	}
	in, err := fsck.InspectClosed((&engine.Options{}).Folder(data), name)
	if err != nil {
		return nil, fmt.Errorf("%s is no file, and as a name: %w", what, err)
	}
	v := describe(name, &in)
	err = nil
	if in.Inline != nil {
		v.Damage, err = in.Inline.Error(), fmt.Errorf("%w: %w", errDamage, in.Inline)
	}
	for i := range in.Files {
		f := inspectSlot(&in.Files[i], name, in.Object, readData)
		v.Files = append(v.Files, f)
		err = errors.Join(err, f.err())
	}
	return v, err
}

// parseName reads ACCOUNT[/CONTAINER[/OBJECT]], also with the /v1/ of a URL.
func parseName(text string) (objstore.ObjectID, error) {
	text = strings.TrimPrefix(text, "/")
	text = strings.TrimPrefix(text, "v1/")
	parts := append(strings.SplitN(text, "/", 3), "", "")
	id := objstore.ObjectID{Account: objstore.AccountName(parts[0]), Container: objstore.ContainerName(parts[1]), Object: objstore.ObjectName(parts[2])}
	if id.Account == "" || id.Container == "" && id.Object != "" {
		return id, fmt.Errorf("%w: %q is neither a file nor ACCOUNT[/CONTAINER[/OBJECT]]", errUsage, text)
	}
	return id, nil
}

// inspectedFile is the description of one data file.
type inspectedFile struct {
	Path     string       `json:"path,omitempty"`
	Slot     *int         `json:"slot,omitempty"`
	Device   string       `json:"device,omitempty"`
	State    string       `json:"state"` // one of the constants below
	Damage   []string     `json:"damage,omitempty"`
	ID       string       `json:"id,omitempty"`
	Object   *shownObject `json:"object,omitempty"`
	Fragment string       `json:"fragment,omitempty"`
	Stored   int64        `json:"stored_bytes,omitempty"`
	Blocks   *int64       `json:"blocks_read,omitempty"`

	foreign bool // nothing in the file says that it is a data file
}

// namedAsDataFile reports whether a file has the name of a data file in a data
// folder or in quarantine: "ID" or "ID.1".
func namedAsDataFile(path string) bool {
	name, _, _ := strings.Cut(filepath.Base(path), ".")
	_, err := device.ParseID(name)
	return err == nil
}

const (
	stateOK      = "ok"
	stateDamaged = "damaged"
	stateMissing = "missing"
	stateUnread  = "unreadable" // by the disk, or not permitted
)

// damageMax bounds the list of damaged blocks.
const damageMax = 100

func (f *inspectedFile) err() error {
	if f.State == stateOK {
		return nil
	}
	return fmt.Errorf("%w: %s is %s", errDamage, f.Path, f.State)
}

func (f *inspectedFile) fail(err error) {
	f.State = stateUnread
	switch {
	case errors.Is(err, datafile.ErrCorrupt):
		f.State = stateDamaged
	case errors.Is(err, os.ErrNotExist):
		f.State = stateMissing
	}
	if len(f.Damage) < damageMax {
		f.Damage = append(f.Damage, err.Error())
	}
}

// inspectFile looks at one file. With readData every block is read and
// verified.
func inspectFile(path string, readData bool) inspectedFile {
	f := inspectedFile{Path: path, State: stateOK}
	r, id, err := datafile.OpenPath(vfs.Default, path)
	if err != nil {
		f.fail(err)
		f.foreign = errors.Is(err, datafile.ErrForeign)
		return f
	}
	defer r.Close()
	footer := r.Footer()
	f.ID, f.Stored = id.String(), r.SizeBytes()
	f.Object = showObject(footer.Object, footer.Policy, &footer.Info)
	if g := footer.Fragment; g.Data > 0 {
		f.Fragment = fmt.Sprintf("%d of %d+%d", g.Slot, g.Data, g.Parity)
	}
	if readData {
		blocks, err := r.Survey(func(c *datafile.CorruptError) error {
			f.fail(c)
			return nil
		})
		f.Blocks = &blocks
		if err != nil {
			f.fail(err)
		}
	}
	return f
}

var errOtherObject = &datafile.CorruptError{Block: -1, Reason: "it is the file of another body"}

// inspectSlot looks at the file that the index names for a slot.
func inspectSlot(at *fsck.InspectedFile, name objstore.ObjectID, row *meta.ObjectRow, readData bool) inspectedFile {
	f := inspectedFile{State: stateMissing}
	if at.Path != "" {
		f = inspectFile(at.Path, readData)
	}
	f.Slot, f.Device = &at.Slot, at.Device.String()
	if f.ID == "" {
		return f
	}
	o := f.Object
	if f.ID != device.ID(row.ID).String() || o.Name != shown(name.String()) || o.Size != row.Info.SizeBytes || o.ETag != row.Info.ETag {
		f.fail(errOtherObject)
	}
	f.Object = nil // the row says the same
	return f
}
