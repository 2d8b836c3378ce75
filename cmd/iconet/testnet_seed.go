package main

import (
	"strconv"

	"github.com/urfave/cli/v2"
)

func testnetSeed(c *cli.Context) error {
	n, err := network(c)
	if err != nil {
		return err
	}
	note(c, "Publishing real incidents (IOM, Missing Migrants Project, CC BY 4.0) as items of the members concerned ...")
	sown, err := n.Seed(c.Context)
	if err != nil {
		return err
	}
	t := table{columns: []string{"NODE", "PUBLISHED", "ALREADY THERE"}}
	for _, s := range sown {
		t.add(s.Code.Display(), strconv.Itoa(s.Published), strconv.Itoa(s.Known))
	}
	return emit(c, sown, sown, t)
}
