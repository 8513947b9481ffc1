// Carries out the conformance scenario and prints the transcript: main SCENARIO TARGET KEYS [CA].
//
// What a step means is told in tests/clients/README.md.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
)

type step struct {
	Step       string            `json:"step"`
	Ask        string            `json:"ask"`
	Key        string            `json:"key"`
	Jwt        string            `json:"jwt"`
	Method     string            `json:"method"`
	Request    any               `json:"request"`
	Requests   []any             `json:"requests"`
	DeadlineMs int               `json:"deadline_ms"`
	Capture    map[string]string `json:"capture"`
	During     string            `json:"during"`
	Repeat     int               `json:"repeat"`
	Parallel   int               `json:"parallel"`
	Stream     string            `json:"stream"`
	Until      map[string]int    `json:"until"`
	Expect     struct {
		Show map[string]any `json:"show"`
	} `json:"expect"`
}

type scenario struct {
	Values map[string]string `json:"values"`
	Steps  []step            `json:"steps"`
}

func main() {
	if len(os.Args) != 4 && len(os.Args) != 5 {
		fail(fmt.Errorf("usage: conformance SCENARIO TARGET KEYS [CA]"))
	}
	var script scenario
	read(os.Args[1], &script)
	keys := map[string]string{}
	read(os.Args[3], &keys)
	for name, key := range keys {
		script.Values[name] = key
	}
	var ca []byte
	if len(os.Args) == 5 {
		var err error
		ca, err = os.ReadFile(os.Args[4])
		fail(err)
	}
	run := newRun(os.Args[2], ca, script.Values)
	for _, each := range script.Steps {
		switch {
		case each.Ask != "":
			ask(each.Ask)
			awaitAnswer()
		case each.During != "":
			show(run.during(each))
		case each.Stream != "":
			show(run.read(each))
		case each.Requests != nil:
			show(run.exchange(each))
		default:
			show(run.call(each))
		}
	}
}

var answers = bufio.NewReader(os.Stdin)

func ask(what string) { show(line{"ask": what}) }

func awaitAnswer() {
	_, err := answers.ReadString('\n')
	fail(err)
}

func show(l line) { fmt.Println(l) }

func read(path string, into any) {
	content, err := os.ReadFile(path)
	fail(err)
	fail(json.Unmarshal(content, into))
}

// Ends the program if there is an error: the scenario cannot be run.
func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "conformance:", err)
		os.Exit(1)
	}
}
