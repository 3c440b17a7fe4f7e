//! Names of many scripts, each with the form in ISO/IEC 8859-1 that the licence's mandatory elements take.
//!
//! Names as common as they come, combined at random: whoever they would fit is meant by none of them.

use rand_chacha::ChaCha20Rng;

use super::pick;

/// A name in ISO/IEC 8859-1, and as its bearer writes it where that differs (empty where it does not).
pub(super) type Name = (&'static str, &'static str);

/// Names that go together.
pub(super) struct Culture {
    /// ISO 3166-1 alpha-2: the nationality that most bearers have.
    pub(super) country: &'static str,
    /// Where they may be born.
    pub(super) birth_places: &'static [&'static str],
    pub(super) female: &'static [Name],
    pub(super) male: &'static [Name],
    pub(super) family: &'static [Name],
}

pub(super) fn culture(rng: &mut ChaCha20Rng) -> &'static Culture {
    pick(rng, CULTURES)
}

/// A name as its bearer writes it.
pub(super) fn national(name: Name) -> &'static str {
    if name.1.is_empty() { name.0 } else { name.1 }
}

const CULTURES: &[Culture] = &[
    Culture {
        country: "US",
        birth_places: &["Des Moines", "Sacramento", "Albany", "Baton Rouge"],
        female: &[
            ("Emily", ""),
            ("Jo", ""),
            ("Mary-Anne", ""),
            ("Destiny", ""),
            ("Zoë", ""),
        ],
        male: &[
            ("James", ""),
            ("D'Andre", ""),
            ("Tyler", ""),
            ("Al", ""),
            ("Raymond", ""),
        ],
        family: &[
            ("Smith", ""),
            ("O'Connor", ""),
            ("Washington", ""),
            ("Ng", ""),
            ("St. John", ""),
            ("Smith-Jones", ""),
        ],
    },
    Culture {
        country: "MX",
        birth_places: &["Mérida", "Ciudad de México", "Oaxaca"],
        female: &[
            ("María Guadalupe", ""),
            ("Sofía", ""),
            ("Ximena", ""),
            ("Itzel", ""),
        ],
        male: &[
            ("José Ángel", ""),
            ("Íñigo", ""),
            ("Jesús", ""),
            ("Emiliano", ""),
        ],
        family: &[
            ("Núñez de la Peña", ""),
            ("Muñoz", ""),
            ("García Márquez", ""),
            ("Xicoténcatl", ""),
        ],
    },
    Culture {
        country: "DE",
        birth_places: &["München", "Groß-Gerau", "Köln"],
        female: &[
            ("Jördis", ""),
            ("Käthe", ""),
            ("Anna-Lena", ""),
            ("Sophie", ""),
        ],
        male: &[
            ("Jörg", ""),
            ("Björn", ""),
            ("Karl-Heinz", ""),
            ("Maximilian", ""),
        ],
        family: &[
            ("Müller", ""),
            ("von der Straße", ""),
            ("Groß", ""),
            ("Überschär", ""),
            ("Freiherr von und zu Weiß", ""),
        ],
    },
    Culture {
        country: "PL",
        birth_places: &["Warszawa", "Gdansk"],
        female: &[
            ("Malgorzata", "Małgorzata"),
            ("Elzbieta", "Elżbieta"),
            ("Zofia", ""),
        ],
        male: &[
            ("Lukasz", "Łukasz"),
            ("Stanislaw", "Stanisław"),
            ("Jan", ""),
        ],
        family: &[
            ("Wisniewska", "Wiśniewska"),
            ("Zólc", "Żółć"),
            ("Brzeczyszczykiewicz", "Brzęczyszczykiewicz"),
            ("Nowak", ""),
        ],
    },
    Culture {
        country: "CZ",
        birth_places: &["Praha", "Brno"],
        female: &[("Ruzena", "Růžena"), ("Zdenka", "Zdeňka"), ("Jana", "")],
        male: &[
            ("Jirí", "Jiří"),
            ("Ondrej", "Ondřej"),
            ("Vojtech", "Vojtěch"),
        ],
        family: &[
            ("Dvorák", "Dvořák"),
            ("Nemcová", "Němcová"),
            ("Príhoda", "Příhoda"),
        ],
    },
    Culture {
        country: "HU",
        birth_places: &["Budapest", "Pécs"],
        female: &[("Eszter", ""), ("Tünde", ""), ("Orsolya", "")],
        male: &[("Jenö", "Jenő"), ("Gergö", "Gergő"), ("László", "")],
        family: &[("Szöke", "Szőke"), ("Nagy", ""), ("Erdös", "Erdős")],
    },
    Culture {
        country: "TR",
        birth_places: &["Izmir", "Ankara"],
        female: &[("Ayse", "Ayşe"), ("Isil", "Işıl"), ("Tugba", "Tuğba")],
        male: &[("Ismail", "İsmail"), ("Çagri", "Çağrı"), ("Mehmet", "")],
        family: &[("Yildiz", "Yıldız"), ("Gülsen", "Gülşen"), ("Öztürk", "")],
    },
    Culture {
        country: "IS",
        birth_places: &["Reykjavík", "Þórshöfn"],
        female: &[("Þórunn", ""), ("Guðrún", ""), ("Æsa", "")],
        male: &[("Þorsteinn", ""), ("Sigurður", ""), ("Björgvin", "")],
        family: &[("Guðmundsdóttir", ""), ("Þorvaldsson", ""), ("Blöndal", "")],
    },
    Culture {
        country: "IE",
        birth_places: &["Gaillimh", "Dublin"],
        female: &[("Caoimhe", ""), ("Siobhán", ""), ("Saoirse", "")],
        male: &[("Pádraig", ""), ("Oisín", ""), ("Tadhg", "")],
        family: &[
            ("Ó Súilleabháin", ""),
            ("Nic Gearailt", ""),
            ("Mac an Bhaird", ""),
        ],
    },
    Culture {
        country: "NL",
        birth_places: &["'s-Hertogenbosch", "Utrecht"],
        female: &[("Fleur", ""), ("Liesbeth", ""), ("Zoë", "")],
        male: &[("Daniël", ""), ("Sjoerd", ""), ("Jan-Willem", "")],
        family: &[
            ("van der Berg", ""),
            ("de Vries", ""),
            ("'t Hooft", ""),
            ("van 's-Gravesande", ""),
        ],
    },
    Culture {
        country: "PT",
        birth_places: &["São João da Madeira", "Lisboa"],
        female: &[("Conceição", ""), ("Inês", ""), ("Graça", "")],
        male: &[("João", ""), ("Simão", ""), ("Nuno", "")],
        family: &[
            ("Gonçalves", ""),
            ("da Conceição e Silva", ""),
            ("Magalhães", ""),
        ],
    },
    Culture {
        country: "GR",
        birth_places: &["Thessaloniki", "Athina"],
        female: &[("Eleni", "Ελένη"), ("Foteini", "Φωτεινή")],
        male: &[("Georgios", "Γεώργιος"), ("Odysseas", "Οδυσσέας")],
        family: &[
            ("Papadopoulou", "Παπαδοπούλου"),
            ("Theodorakis", "Θεοδωράκης"),
        ],
    },
    Culture {
        country: "UA",
        birth_places: &["Kyiv", "Lviv"],
        female: &[("Yuliia", "Юлія"), ("Yevheniia", "Євгенія")],
        male: &[("Serhii", "Сергій"), ("Yurii", "Юрій")],
        family: &[
            ("Kovalenko", "Коваленко"),
            ("Shchur", "Щур"),
            ("Hryhorenko", "Григоренко"),
        ],
    },
    Culture {
        country: "GE",
        birth_places: &["Tbilisi"],
        female: &[("Nino", "ნინო"), ("Ketevan", "ქეთევან")],
        male: &[("Giorgi", "გიორგი"), ("Vakhtang", "ვახტანგ")],
        family: &[("Beridze", "ბერიძე"), ("Mchedlishvili", "მჭედლიშვილი")],
    },
    Culture {
        country: "EG",
        birth_places: &["Al Qahirah", "Al Iskandariyah"],
        female: &[("Fatima", "فاطمة"), ("Yasmin", "ياسمين")],
        male: &[("Muhammad", "محمد"), ("Abd al-Rahman", "عبد الرحمن")],
        family: &[("al-Sayyid", "السيد"), ("Mansur", "منصور")],
    },
    Culture {
        country: "IL",
        birth_places: &["Hefa", "Be'er Sheva"],
        female: &[("Noa", "נועה"), ("Shira", "שירה")],
        male: &[("Itzhak", "יצחק"), ("Yonatan", "יונתן")],
        family: &[("Ben-David", "בן־דוד"), ("Peretz", "פרץ")],
    },
    Culture {
        country: "IN",
        birth_places: &["Chennai", "Pune"],
        female: &[("Lakshmi", "லட்சுமி"), ("Meenakshi", "மீனாட்சி")],
        male: &[
            ("Karthik", "கார்த்திக்"),
            ("Venkatanarasimharajuvaripeta", "வெங்கடநரசிம்மராஜுவாரிபேட்டை"),
        ],
        family: &[("Subramaniam", "சுப்பிரமணியம்"), ("S", "")],
    },
    Culture {
        country: "CN",
        birth_places: &["Guangzhou", "Xi'an"],
        female: &[("Xiuying", "秀英"), ("Li", "丽")],
        male: &[("Wei", "伟"), ("Jianguo", "建国")],
        family: &[
            ("Wang", "王"),
            ("Lü", "吕"),
            ("Ouyang", "欧阳"),
            ("Yu", "𠄘"),
        ],
    },
    Culture {
        country: "JP",
        birth_places: &["Osaka", "Sapporo"],
        female: &[("Sakura", "さくら"), ("Yui", "結衣")],
        male: &[("Haruto", "陽翔"), ("Ken'ichi", "健一")],
        family: &[("Sato", "佐藤"), ("Yoshida", "𠮷田"), ("Ono", "小野")],
    },
    Culture {
        country: "KR",
        birth_places: &["Seoul", "Busan"],
        female: &[("Ji-woo", "지우"), ("Seo-yeon", "서연")],
        male: &[("Min-jun", "민준"), ("Do-yun", "도윤")],
        family: &[("Kim", "김"), ("Namgung", "남궁")],
    },
    Culture {
        country: "VN",
        birth_places: &["Hanoi", "Da Nang"],
        female: &[("Thi Huong", "Thị Hương"), ("Ngoc Bich", "Ngọc Bích")],
        male: &[("Dinh Phuc", "Đình Phúc"), ("Vuong", "Vượng")],
        family: &[("Nguyen", "Nguyễn"), ("Dang", "Đặng")],
    },
    Culture {
        country: "NG",
        birth_places: &["Ibadan", "Enugu"],
        female: &[("Folasade", "Fọlásadé"), ("Chidinma", "Chịdịnma")],
        male: &[("Oluwaseun", "Olúwaṣeun"), ("Ikechukwu", "Íkéchukwu")],
        family: &[("Adebayo", "Adébáyọ̀"), ("Okonkwo", "Ọkọnkwọ")],
    },
    Culture {
        country: "ET",
        birth_places: &["Addis Ababa"],
        female: &[("Almaz", "አልማዝ"), ("Tirunesh", "ጥሩነሽ")],
        male: &[("Haile", "ኃይሌ"), ("Abebe", "አበበ")],
        family: &[("Gebrselassie", "ገብረሥላሴ"), ("Bekele", "በቀለ")],
    },
    Culture {
        country: "TH",
        birth_places: &["Krung Thep", "Chiang Mai"],
        female: &[("Siriporn", "ศิริพร"), ("Kanya", "กัญญา")],
        male: &[("Somchai", "สมชาย"), ("Prasert", "ประเสริฐ")],
        family: &[("Rattanakosin", "รัตนโกสินทร์"), ("Srisuwan", "ศรีสุวรรณ")],
    },
];
