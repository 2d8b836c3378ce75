package screening

import "iconet.example/federation"

// messages say what was found and what to do.
var messages = map[string]federation.Text{
	"MARK":  {"en": "a classified marking: information classified under national or Union rules must not enter this network; if the word is no marking, write it in lower case", "fr": "un marquage de classification : les informations classifiées ne doivent pas entrer dans ce réseau ; si ce mot n'est pas un marquage, écrivez-le en minuscules"},
	"PD-01": {"en": "a line of a travel document's machine-readable zone: remove it", "fr": "une ligne de la zone de lecture automatique d'un document de voyage : retirez-la"},
	"PD-02": {"en": "the number of a document: remove it", "fr": "un numéro de document : retirez-le"},
	"PD-05": {"en": "a telephone number: remove it, or name the service instead", "fr": "un numéro de téléphone : retirez-le ou nommez le service"},
	"PD-06": {"en": "a mail address, account or profile: remove it, or name the service instead", "fr": "une adresse électronique, un compte ou un profil : retirez-le ou nommez le service"},
	"PD-07": {"en": "a bank account, card or wallet: remove it", "fr": "un compte bancaire, une carte ou un portefeuille : retirez-le"},
	"PD-14": {"en": "the number or address of a device: remove it", "fr": "le numéro ou l'adresse d'un appareil : retirez-le"},
}

// Message says what was found and what to do, in a language; languages other than French read English.
func (f Finding) Message(lang string) string {
	text, _ := messages[f.ID].In(lang)
	return text
}
