//! Given names by language, most frequent first, and what people call each other instead.

use crate::rng::{Rng, Skew};

use super::names::{Name, Origin};

/// The given names of one sex in one language, with the short forms of each.
pub(crate) struct GivenNames {
    pub(crate) names: Vec<Name>,
    nicknames: Vec<Vec<&'static str>>,
    skew: Skew,
}

impl GivenNames {
    fn new(list: &'static str) -> Self {
        let nicknames = list
            .split_whitespace()
            .map(|name| {
                let line = NICKNAMES.iter().find(|line| line.split_whitespace().next() == Some(name));
                line.map(|line| line.split_whitespace().skip(1).collect()).unwrap_or_default()
            })
            .collect();
        let names: Vec<Name> = list.split_whitespace().map(Name::new).collect();
        let skew = Skew::zipf(names.len(), 6.0, 0.9);
        Self { names, nicknames, skew }
    }

    pub(crate) fn draw(&self, rng: &mut Rng) -> usize {
        self.skew.draw(rng)
    }

    pub(crate) fn nicknames(&self, name: usize) -> &[&'static str] {
        &self.nicknames[name]
    }
}

/// Men's and women's names of a language.
pub(crate) fn names(origin: Origin) -> (GivenNames, GivenNames) {
    let (men, women) = match origin {
        Origin::English => (
            "David John James Michael Robert William Richard Thomas Paul Andrew Mark Christopher Daniel Stephen Peter \
             Matthew Joseph Anthony Steven Charles Kevin Brian George Edward Ian Alan Simon Jonathan Kenneth Ronald \
             Timothy Alexander Benjamin Samuel Nicholas Philip Adam Ryan Jack Oliver Harry Joshua Luke Nathan Jacob \
             Martin Graham Gary Keith Colin Neil Raymond Derek Roger Stuart Jeffrey Scott Eric Gregory Patrick Dennis \
             Frank Frederick Henry Arthur Albert Leonard Ernest Walter Harold Douglas Gordon Donald Malcolm Trevor \
             Barry Craig Dean Darren Lee Shaun Jason Justin Aaron Connor Callum Liam Lewis Dylan Ethan Mohammed Ahmed \
             Imran Raj Sanjay Tariq Wei Kwame Emeka Louis Victor Theodore Vincent Lawrence Gerald Russell Bradley \
             Dominic Toby Max Leo Oscar Hugo Rupert Giles Clive Nigel Desmond Cecil Percy Reginald Stanley Sidney \
             Terence Maurice Jerome Curtis Marcus Julian Adrian Howard Norman Duncan Hamish Angus Alistair Fraser",
            "Margaret Mary Susan Elizabeth Sarah Patricia Jennifer Linda Barbara Karen Helen Jane Anne Christine \
             Deborah Julie Catherine Katherine Emma Rebecca Laura Nicola Jessica Rachel Claire Samantha Victoria \
             Michelle Amanda Lisa Tracey Sharon Angela Jacqueline Carol Janet Sandra Dorothy Joan Jean Sheila Maureen \
             Pamela Brenda Diane Gillian Lesley Wendy Alison Fiona Heather Lynn Louise Charlotte Lucy Hannah Emily \
             Sophie Chloe Olivia Amelia Isabella Mia Grace Ella Lily Evie Amy Alice Ruth Esther Judith Frances \
             Kathleen Eileen Irene Joyce Doris Edith Florence Ethel Gladys Hilda Phyllis Vera Nancy Eleanor Abigail \
             Georgina Harriet Imogen Josephine Natalie Melissa Stephanie Kimberly Ashley Brittany Megan Kayla Lauren \
             Danielle Tiffany Crystal Erin Holly Zoe Molly Daisy Poppy Freya Phoebe Priya Anjali Fatima Aisha Mei \
             Ngozi Abena Penelope Theresa Veronica Marion Beverley Denise Yvonne Caroline Vanessa Antonia Rosemary \
             Sylvia Valerie Hazel Beatrice Matilda Martha Constance Winifred Mabel",
        ),
        Origin::German => (
            "Thomas Michael Andreas Peter Stefan Christian Martin Jürgen Klaus Wolfgang Hans Bernd Uwe Frank Markus \
             Matthias Alexander Daniel Tobias Sebastian Florian Jan Dirk Ralf Günter Heinz Dieter Horst Karl-Heinz \
             Werner Gerhard Manfred Helmut Jörg Björn Götz Lukas Felix Maximilian Jonas Leon Paul Moritz Johannes \
             Friedrich Mehmet Mustafa Emre",
            "Sabine Petra Monika Andrea Claudia Susanne Birgit Gabriele Heike Martina Ursula Renate Anja Nicole Stefanie \
             Julia Katrin Christina Anna Maria Elisabeth Brigitte Ingrid Helga Karin Gisela Bärbel Käthe Silke Ute \
             Tanja Melanie Sandra Laura Lena Lea Sophie Johanna Charlotte Emilia Frieda Jörgine Ayşe Fatma Elif",
        ),
        Origin::French => (
            "Jean Pierre Michel Philippe Alain Nicolas Christophe Patrick Stéphane Laurent Frédéric Éric Julien David \
             Sébastien Thierry Olivier Pascal Bernard Jacques François Gérard Thomas Alexandre Guillaume Mathieu Benoît \
             Jérôme Rémi Loïc Gaël Raphaël Hugo Louis Lucas Jules Théo Gabriel Jean-Pierre Jean-Luc Jean-Marc Mamadou \
             Karim",
            "Marie Nathalie Isabelle Catherine Sylvie Françoise Valérie Christine Sandrine Véronique Sophie Céline \
             Stéphanie Anne Hélène Élodie Aurélie Julie Émilie Camille Léa Manon Chloé Inès Zoé Jeanne Louise Alice \
             Monique Jacqueline Nicole Anne-Marie Marie-Claude Brigitte Martine Aïcha Noémie Maëlle Solène Anaïs",
        ),
        Origin::Spanish => (
            "Antonio José Manuel Francisco Juan David José_Antonio Javier Daniel Carlos Jesús Alejandro Miguel Rafael \
             Pedro Ángel Pablo Sergio Fernando Jorge Luis Alberto Álvaro Adrián Diego Raúl Iván Rubén Óscar Ramón \
             Joaquín Andrés Ignacio Enrique Martín Hugo Mateo Lucas Iñigo Jordi",
            "María Carmen Ana Isabel Laura Cristina Marta Dolores Lucía Pilar Elena Raquel Sara Paula Mercedes Rosa \
             Beatriz Teresa Julia Silvia Patricia Concepción Irene Montserrat Mónica Verónica Inés Sofía Andrea Alba \
             Nuria Rocío Begoña Ángela Encarnación Consuelo Núria Aitana",
        ),
        Origin::Polish => (
            "Piotr Krzysztof Andrzej Tomasz Jan Paweł Michał Marcin Jakub Adam Stanisław Marek Łukasz Grzegorz Mateusz \
             Wojciech Mariusz Dariusz Zbigniew Jerzy Maciej Rafał Robert Kamil Józef Dawid Tadeusz Szymon Kacper Bartosz \
             Sławomir Jarosław Zdzisław Przemysław",
            "Anna Maria Katarzyna Małgorzata Agnieszka Barbara Ewa Krystyna Elżbieta Magdalena Joanna Zofia Aleksandra \
             Teresa Danuta Natalia Julia Monika Karolina Beata Dorota Halina Jadwiga Janina Alicja Jolanta Grażyna \
             Iwona Paulina Justyna Bożena Zuzanna Hanna Żaneta",
        ),
        Origin::Irish => (
            "Patrick Seán Michael John Séamus Brendan Declan Conor Ciarán Eoin Pádraig Liam Brian Kevin Niall Cormac \
             Fergal Dermot Donal Gerard Noel Paul Colm Cathal Rory Oisín Fionn Cillian Darragh Tadhg",
            "Mary Margaret Siobhán Aoife Niamh Ciara Sinéad Gráinne Róisín Orla Caoimhe Deirdre Bríd Eileen Kathleen \
             Bridget Nora Maeve Áine Fionnuala Saoirse Emma Sarah Clodagh Aisling Éabha",
        ),
        Origin::Italian => (
            "Giuseppe Giovanni Antonio Mario Luigi Francesco Angelo Vincenzo Pietro Salvatore Carlo Franco Domenico \
             Bruno Paolo Michele Giorgio Aldo Sergio Luciano Marco Andrea Alessandro Roberto Stefano Matteo Lorenzo \
             Davide Federico Simone Niccolò Gianluca",
            "Maria Anna Giuseppina Rosa Angela Giovanna Teresa Lucia Carmela Caterina Francesca Antonietta Concetta \
             Elena Laura Paola Chiara Giulia Sara Martina Valentina Alessandra Federica Silvia Elisa Sofia Aurora \
             Noemi Mariù",
        ),
        Origin::Greek => (
            "Γεώργιος Δημήτριος Κωνσταντίνος Ιωάννης Νικόλαος Παναγιώτης Χρήστος Αθανάσιος Βασίλειος Σπυρίδων \
             Ευάγγελος Μιχαήλ Στέφανος Θεόδωρος Αλέξανδρος Πέτρος",
            "Μαρία Ελένη Αικατερίνη Βασιλική Σοφία Αγγελική Γεωργία Δήμητρα Ιωάννα Κωνσταντίνα Παρασκευή Άννα Χριστίνα \
             Ευαγγελία Αναστασία Ειρήνη",
        ),
        Origin::Bulgarian => (
            "Георги Иван Димитър Николай Петър Христо Тодор Стефан Васил Александър Красимир Пламен Владимир Йордан \
             Любомир Мартин Сергей Дмитрий",
            "Мария Иванка Елена Йорданка Пенка Маргарита Виолета Десислава Силвия Анна Надежда Светлана Ольга Екатерина \
             Цветелина Радка Стефка",
        ),
    };
    (GivenNames::new(men), GivenNames::new(women))
}

/// A name, then what its bearers are called.
const NICKNAMES: &[&str] = &[
    "David Dave Davy",
    "James Jim Jimmy Jamie",
    "Michael Mike Mick Mickey",
    "Robert Rob Bob Bobby",
    "William Bill Will Billy Liam",
    "Richard Rich Dick Ricky",
    "Thomas Tom Tommy",
    "Andrew Andy Drew",
    "Christopher Chris Kit",
    "Daniel Dan Danny",
    "Stephen Steve",
    "Steven Steve",
    "Peter Pete",
    "Matthew Matt",
    "Joseph Joe Joey",
    "Anthony Tony",
    "Charles Charlie Chuck",
    "Edward Ed Ted Eddie",
    "Jonathan Jon",
    "Kenneth Ken Kenny",
    "Ronald Ron Ronnie",
    "Timothy Tim",
    "Alexander Alex Sandy Lex",
    "Benjamin Ben",
    "Samuel Sam Sammy",
    "Nicholas Nick",
    "Philip Phil",
    "John Jack Johnny",
    "Joshua Josh",
    "Nathan Nate",
    "Jacob Jake",
    "Raymond Ray",
    "Jeffrey Jeff",
    "Gregory Greg",
    "Patrick Pat Paddy",
    "Frederick Fred Freddie",
    "Henry Harry Hank",
    "Arthur Art",
    "Albert Bert Al",
    "Leonard Len Lenny",
    "Harold Harry Hal",
    "Donald Don",
    "Lawrence Larry",
    "Gerald Gerry Jerry",
    "Reginald Reg",
    "Stanley Stan",
    "Terence Terry",
    "Theodore Theo Ted",
    "Mohammed Mo",
    "Dominic Dom",
    "Alistair Ali",
    "Margaret Maggie Peggy Meg",
    "Mary Molly Polly",
    "Susan Sue Susie",
    "Elizabeth Liz Beth Betty Lizzie Eliza",
    "Sarah Sally Sadie",
    "Patricia Pat Tricia Patsy",
    "Jennifer Jen Jenny",
    "Barbara Barb Babs",
    "Christine Chris Chrissie",
    "Deborah Deb Debbie",
    "Catherine Cathy Kate Cath",
    "Katherine Kate Kathy Katie Kat",
    "Rebecca Becky Becca",
    "Jessica Jess Jessie",
    "Samantha Sam",
    "Victoria Vicky Tori",
    "Amanda Mandy",
    "Angela Angie",
    "Jacqueline Jackie",
    "Dorothy Dot Dottie",
    "Pamela Pam",
    "Gillian Gill",
    "Charlotte Lottie Charlie",
    "Isabella Bella Izzy",
    "Judith Judy",
    "Frances Fran Fanny",
    "Kathleen Kath Kathy",
    "Florence Flo",
    "Eleanor Ellie Nell Nora",
    "Abigail Abby",
    "Georgina Georgie",
    "Josephine Jo Josie",
    "Natalie Nat",
    "Stephanie Steph",
    "Kimberly Kim",
    "Danielle Dani",
    "Penelope Penny",
    "Theresa Terry Tess",
    "Caroline Carrie Caz",
    "Rosemary Rose Rosie",
    "Beatrice Bea",
    "Matilda Tilly",
    "Winifred Winnie",
    "Maximilian Max",
    "Sebastian Basti",
    "Alexandre Alex",
    "Frédéric Fred",
    "Wolfgang Wolf",
    "Friedrich Fritz",
    "Johannes Hannes",
    "Stefanie Steffi",
    "Gabriele Gabi",
    "Francisco Paco Fran",
    "José Pepe",
    "Manuel Manolo",
    "Ignacio Nacho",
    "Enrique Quique",
    "Concepción Concha",
    "Dolores Lola",
    "Mercedes Merche",
    "Katarzyna Kasia",
    "Małgorzata Gosia",
    "Agnieszka Aga",
    "Krzysztof Krzysiek",
    "Tomasz Tomek",
    "Joanna Asia",
    "Aleksandra Ola",
    "Giuseppe Beppe Peppe",
    "Francesco Franco",
    "Salvatore Totò",
    "Séamus Jim",
    "Pádraig Paddy",
    "Bridget Biddy Bridie",
    "Κωνσταντίνος Κώστας",
    "Δημήτριος Δημήτρης",
    "Γεώργιος Γιώργος",
    "Ιωάννης Γιάννης",
    "Александър Сашо",
    "Димитър Митко",
];
