// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/plotutil"
	"gonum.org/v1/plot/vg"
)

// curve is a picture: a unit against n, with a line for each name without n.
type curve struct {
	by, xLabel, unit string
	linearX          bool
}

var curves = []curve{
	{by: "streams", xLabel: "streams", unit: "MB/s"},
	{by: "streams", xLabel: "streams", unit: "op/s"},
	{by: "streams", xLabel: "streams", unit: "cpu-s/GB"},
	{by: "streams", xLabel: "streams", unit: "p99-ms"},
	{by: "streams", xLabel: "streams", unit: "peakRSS-MB"},
	{by: "size", xLabel: "bytes of an object", unit: "MB/s"},
	{by: "size", xLabel: "bytes of an object", unit: "op/s"},
	{by: "size", xLabel: "bytes of an object", unit: "cpu-s/GB"},
	{by: "size", xLabel: "bytes of an object", unit: "peakRSS-MB"},
	{by: "objects", xLabel: "objects in the container", unit: "p50-ms"},
	{by: "objects", xLabel: "objects in the container", unit: "op/s"},
	{by: "pages", xLabel: "the page's first object", unit: "p50-ms", linearX: true},
	{by: "containers", xLabel: "containers in the account", unit: "p50-ms"},
	{by: "containers", xLabel: "containers in the account", unit: "op/s"},
}

const (
	pictureWidth  = 20 * vg.Centimeter
	pictureHeight = 12 * vg.Centimeter
)

// writeCurves writes each picture that has lines into folder, as BY-UNIT.svg.
func writeCurves(folder string, lines []line) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, c := range curves {
		series, err := c.series(lines)
		if err != nil {
			return err
		}
		if len(series) == 0 {
			continue
		}
		if err := c.draw(folder, series); err != nil {
			return err
		}
	}
	return nil
}

type namedPoints struct {
	name   string
	points plotter.XYs
}

// series returns the lines of the picture, in the order of the file.
func (c curve) series(lines []line) ([]namedPoints, error) {
	var out []namedPoints
	for _, l := range lines {
		y, ok := l.values[c.unit]
		if !ok || l.parts["by"] != c.by || y <= 0 {
			continue
		}
		x, err := strconv.ParseFloat(l.parts["n"], 64)
		if err != nil {
			return nil, fmt.Errorf("n of %v: %w", l.parts, err)
		}
		name := l.without("by", "n")
		i := slices.IndexFunc(out, func(s namedPoints) bool { return s.name == name })
		if i < 0 {
			i = len(out)
			out = append(out, namedPoints{name: name})
		}
		out[i].points = append(out[i].points, plotter.XY{X: x, Y: y})
	}
	return out, nil
}

func (c curve) draw(folder string, series []namedPoints) error {
	p := plot.New()
	p.Title.Text = c.unit + " against " + c.xLabel
	p.X.Label.Text, p.Y.Label.Text = c.xLabel, c.unit
	if !c.linearX {
		p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
		p.Y.Scale, p.Y.Tick.Marker = plot.LogScale{}, plot.LogTicks{Prec: -1}
	} else {
		p.Y.Min = 0
	}
	p.Legend.Top = true
	p.Add(plotter.NewGrid())
	for i, s := range series {
		marked, points, err := plotter.NewLinePoints(s.points)
		if err != nil {
			return err
		}
		marked.Color, points.Color = plotutil.Color(i), plotutil.Color(i)
		points.Shape = plotutil.Shape(i)
		p.Add(marked, points)
		p.Legend.Add(s.name, marked, points)
	}
	name := c.by + "-" + fileName(c.unit) + ".svg"
	return p.Save(pictureWidth, pictureHeight, filepath.Join(folder, name))
}

// fileName returns a unit as part of a file name: "MB/s" as "MB-s".
func fileName(unit string) string {
	out := []rune(unit)
	for i, r := range out {
		if r == '/' {
			out[i] = '-'
		}
	}
	return string(out)
}
