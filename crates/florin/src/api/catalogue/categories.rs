//! What shops sell, by the contract's numbers, in six languages.

use serde_json::{Value, json};

/// Code; English, German, Spanish, French, Italian, Dutch.
type Line = (u32, [&'static str; 6]);

const LANGUAGES: [&str; 6] = ["en", "de", "es", "fr", "it", "nl"];

#[rustfmt::skip]
const CATEGORIES: [Line; 16] = [
    (100, ["Gifts and gadgets", "Geschenke und Gadgets", "Regalos y gadgets", "Cadeaux et gadgets", "Regali e gadget", "Cadeaus en gadgets"]),
    (101, ["Electronics and computers", "Elektronik und Computer", "Electrónica e informática", "Électronique et informatique", "Elettronica e computer", "Elektronica en computers"]),
    (102, ["Games", "Spiele", "Juegos", "Jeux", "Giochi", "Games"]),
    (103, ["Health", "Gesundheit", "Salud", "Santé", "Salute", "Gezondheid"]),
    (104, ["House and garden", "Haus und Garten", "Casa y jardín", "Maison et jardin", "Casa e giardino", "Huis en tuin"]),
    (105, ["Office supplies", "Bürobedarf", "Material de oficina", "Fournitures de bureau", "Articoli per ufficio", "Kantoorartikelen"]),
    (106, ["Kids and toys", "Kinder und Spielzeug", "Niños y juguetes", "Enfants et jouets", "Bambini e giocattoli", "Kinderen en speelgoed"]),
    (107, ["Nutrition", "Ernährung", "Alimentación", "Alimentation", "Alimentazione", "Voeding"]),
    (108, ["Fashion and care", "Mode und Pflege", "Moda y cuidado personal", "Mode et soins", "Moda e cura della persona", "Mode en verzorging"]),
    (109, ["Music, movies, and books", "Musik, Filme und Bücher", "Música, películas y libros", "Musique, films et livres", "Musica, film e libri", "Muziek, films en boeken"]),
    (110, ["Sport, leisure, and hobby", "Sport, Freizeit und Hobby", "Deporte, ocio y aficiones", "Sport, loisirs et passe-temps", "Sport, tempo libero e hobby", "Sport, vrije tijd en hobby"]),
    (111, ["Phone and internet", "Telefon und Internet", "Teléfono e internet", "Téléphone et internet", "Telefono e internet", "Telefoon en internet"]),
    (112, ["Holiday and travel", "Urlaub und Reisen", "Vacaciones y viajes", "Vacances et voyages", "Vacanze e viaggi", "Vakantie en reizen"]),
    (113, ["Sales and auctions", "Verkäufe und Auktionen", "Ventas y subastas", "Ventes et enchères", "Vendite e aste", "Verkoop en veilingen"]),
    (114, ["Other", "Sonstiges", "Otros", "Autres", "Altro", "Overig"]),
    (999, ["Adult", "Erotik", "Adultos", "Adultes", "Adulti", "Erotiek"]),
];

/// Every category in this language, or in English.
pub(super) fn list(language: &str) -> Value {
    let column = LANGUAGES.iter().position(|it| *it == language).unwrap_or(0);
    let entry = |(code, names): &Line| json!({ "code": code, "description": names[column] });
    CATEGORIES.iter().map(entry).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_category_has_a_number_and_a_name_in_every_language() {
        for language in LANGUAGES {
            let list = list(language);
            let entries = list.as_array().unwrap();
            assert_eq!(entries.len(), 16);
            for entry in entries {
                assert!(entry["code"].is_u64(), "{entry}");
                assert!(!entry["description"].as_str().unwrap().is_empty(), "{language} {entry}");
            }
        }
        assert_eq!(list("nl")[14]["description"], "Overig");
        assert_eq!(list("ja"), list("en"));
    }
}
