// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// clockTicksPerSecond is USER_HZ, which is 100 on every Linux that Go runs on.
const clockTicksPerSecond = 100

// Group is the processes of a server: the roots and all descendants, also
// descendants in a session of their own.
type Group struct{ Roots []int }

// pids returns the process IDs of the group.
func (g Group) pids() ([]int, error) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil, err
	}
	children := map[int][]int{}
	for _, path := range stats {
		fields, err := statFields(path)
		if err != nil {
			continue // the process has ended meanwhile
		}
		pid, err := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if err != nil {
			return nil, err
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			return nil, err
		}
		children[parent] = append(children[parent], pid)
	}
	pids := slices.Clone(g.Roots)
	for i := 0; i < len(pids); i++ {
		pids = append(pids, children[pids[i]]...)
	}
	return pids, nil
}

// statFields are the fields of a /proc/PID/stat from the third on: the state,
// the parent, the process group, …
func statFields(path string) ([]string, error) {
	stat, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	// The command's name is in parentheses and may hold anything.
	end := strings.LastIndex(string(stat), ") ")
	if end < 0 {
		return nil, fmt.Errorf("%s has no name", path)
	}
	fields := strings.Fields(string(stat[end+2:]))
	if len(fields) < 15 {
		return nil, fmt.Errorf("%s has %d fields", path, len(fields))
	}
	return fields, nil
}

// CPUSeconds returns the user and system time that the group has used so far.
func (g Group) CPUSeconds() (float64, error) {
	pids, err := g.pids()
	if err != nil {
		return 0, err
	}
	ticks := 0.0
	for _, pid := range pids {
		fields, err := statFields(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			return 0, err
		}
		for _, f := range fields[11:13] {
			n, err := strconv.ParseFloat(f, 64)
			if err != nil {
				return 0, err
			}
			ticks += n
		}
	}
	return ticks / clockTicksPerSecond, nil
}

// ResetPeakRSS resets the peaks, and PeakRSSBytes counts from now on.
func (g Group) ResetPeakRSS() error {
	pids, err := g.pids()
	if err != nil {
		return err
	}
	for _, pid := range pids {
		if err := os.WriteFile(fmt.Sprintf("/proc/%d/clear_refs", pid), []byte("5"), 0); err != nil {
			return err
		}
	}
	return nil
}

// PeakRSSBytes returns the sum of the processes' peaks of resident memory. The
// peaks may stem from different times.
func (g Group) PeakRSSBytes() (int64, error) {
	pids, err := g.pids()
	if err != nil {
		return 0, err
	}
	total := int64(0)
	for _, pid := range pids {
		n, err := peakRSSBytes(pid)
		if err != nil {
			return 0, err
		}
		total += n
	}
	return total, nil
}

func peakRSSBytes(pid int) (int64, error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(status)) {
		if kb, ok := strings.CutPrefix(line, "VmHWM:"); ok {
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(kb), "kB")), 10, 64)
			return n << 10, err
		}
	}
	return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
}
