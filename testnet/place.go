package testnet

import (
	"fmt"
	"net"

	"iconet.example/federation"
)

// DefaultMembers are the national nodes of a test network.
func DefaultMembers() []federation.MemberCode {
	return []federation.MemberCode{"FR", "DE", "IT", "GR", "PL"}
}

// names of the Member States and the Commission, as the Interinstitutional Style Guide (7.1) writes them.
var names = map[federation.MemberCode]federation.Text{
	"COM": {"en": "European Commission", "fr": "Commission européenne"},
	"AT":  {"en": "Austria", "fr": "Autriche"}, "BE": {"en": "Belgium", "fr": "Belgique"}, "BG": {"en": "Bulgaria", "fr": "Bulgarie"},
	"CY": {"en": "Cyprus", "fr": "Chypre"}, "CZ": {"en": "Czechia", "fr": "Tchéquie"}, "DE": {"en": "Germany", "fr": "Allemagne"},
	"DK": {"en": "Denmark", "fr": "Danemark"}, "EE": {"en": "Estonia", "fr": "Estonie"}, "ES": {"en": "Spain", "fr": "Espagne"},
	"FI": {"en": "Finland", "fr": "Finlande"}, "FR": {"en": "France", "fr": "France"}, "GR": {"en": "Greece", "fr": "Grèce"},
	"HR": {"en": "Croatia", "fr": "Croatie"}, "HU": {"en": "Hungary", "fr": "Hongrie"}, "IE": {"en": "Ireland", "fr": "Irlande"},
	"IT": {"en": "Italy", "fr": "Italie"}, "LT": {"en": "Lithuania", "fr": "Lituanie"}, "LU": {"en": "Luxembourg", "fr": "Luxembourg"},
	"LV": {"en": "Latvia", "fr": "Lettonie"}, "MT": {"en": "Malta", "fr": "Malte"}, "NL": {"en": "Netherlands", "fr": "Pays-Bas"},
	"PL": {"en": "Poland", "fr": "Pologne"}, "PT": {"en": "Portugal", "fr": "Portugal"}, "RO": {"en": "Romania", "fr": "Roumanie"},
	"SE": {"en": "Sweden", "fr": "Suède"}, "SI": {"en": "Slovenia", "fr": "Slovénie"}, "SK": {"en": "Slovakia", "fr": "Slovaquie"},
}

// Known reports whether a code is that of a Member State.
func Known(m federation.MemberCode) bool { return names[m] != nil && m != federation.Commission }

// Each node takes four ports: for its portal, operations and other nodes over TCP and QUIC.
const (
	operationsOffset = 30
	peersOffset      = 60
	portStep         = 100
	portTries        = 20
)

// freeBase finds the first base at or after from, in steps of 100, whose ports are all free for n nodes.
func freeBase(from, n int) (int, error) {
	for base := from; base < from+portTries*portStep; base += portStep {
		if free(base, n) {
			return base, nil
		}
	}
	return 0, fmt.Errorf("no free ports on loopback from %d to %d: choose others with --base-port: %w", from, from+portTries*portStep, federation.ErrConflict)
}

func free(base, n int) bool {
	for i := range n {
		for _, port := range []int{base + i, base + operationsOffset + i, base + peersOffset + i} {
			l, err := net.Listen("tcp", address(port))
			if err != nil {
				return false
			}
			l.Close()
		}
		u, err := net.ListenPacket("udp", address(base+peersOffset+i))
		if err != nil {
			return false
		}
		u.Close()
	}
	return true
}

func address(port int) string { return fmt.Sprintf("127.0.0.1:%d", port) }
