use proptest::prelude::*;

use super::*;

fn at(longitude: f64, latitude: f64) -> Place {
    Place { longitude, latitude }
}

#[test]
fn scores_and_texts_are_those_of_redis() {
    let palermo = at(13.361389, 38.115556);
    assert_eq!(palermo.score(), 3_479_099_956_230_698.0);
    let back = Place::of_score(palermo.score());
    assert_eq!(back, at(13.361389338970184, 38.1155563954963));
    assert_eq!(&at(-5.6, 42.6).text(), b"ezs42e44yx0");
}

#[test]
fn any_score_stands_for_a_place() {
    for score in [f64::INFINITY, f64::NEG_INFINITY, -1.0, 1e19, 1e300, 0.5, 4503599627370496.0] {
        assert!(Place::of_score(score).is_valid(), "{score}");
    }
}

#[test]
fn cells_have_neighbours_around_the_earth() {
    let cell = Cell::of(at(179.9, 0.1), 8);
    assert_eq!(cell.moved(1, 0).bounds().min.longitude, -180.0);
    assert_eq!(cell.moved(1, 1).moved(-1, -1), cell);
}

#[test]
fn a_polygon_is_what_its_edges_enclose() {
    let corners = vec![at(0.0, 0.0), at(10.0, 0.0), at(10.0, 10.0), at(5.0, 2.0), at(0.0, 10.0)];
    let shape = Shape::polygon(corners);
    assert!(shape.reach(at(1.0, 1.0)).is_some());
    assert!(shape.reach(at(5.0, 5.0)).is_none());
    assert!(shape.reach(at(9.0, 7.0)).is_some());
    assert!(shape.reach(at(11.0, 5.0)).is_none());
}

#[test]
fn a_polygon_may_reach_around_the_earth() {
    // Its corners are near each other on the globe, what they enclose on a map is not.
    let corners = vec![at(170.0, 39.0), at(-157.0, 47.0), at(-124.0, 63.0)];
    let shape = Shape::polygon(corners);
    let inside = at(0.0, 44.0);
    assert!(shape.reach(inside).is_some());
    let score = inside.score();
    let mut cells = shape.cells().into_iter().flatten().map(Cell::scores);
    assert!(cells.any(|(min, max)| (min..max).contains(&score)));
}

fn place() -> impl Strategy<Value = Place> {
    (-180.0..180.0, -85.0..85.0).prop_map(|(longitude, latitude)| at(longitude, latitude))
}

/// Away from the poles, where boxes and circles are no longer what they are elsewhere.
fn shape() -> impl Strategy<Value = Shape> {
    let center =
        (-180.0..180.0, -70.0..70.0).prop_map(|(longitude, latitude)| at(longitude, latitude));
    let area = prop_oneof![
        (1.0..7e6).prop_map(Area::Circle),
        (1.0..3e6, 1.0..3e6).prop_map(|(width, height)| Area::Box(width, height)),
    ];
    let polygon = prop::collection::vec(place(), 3..8).prop_map(Shape::polygon);
    prop_oneof![
        2 => (center, area).prop_map(|(center, area)| Shape { center, area }),
        1 => polygon,
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn a_score_is_near_its_place(place in place()) {
        let back = Place::of_score(place.score());
        prop_assert!(place.distance(back) < 1.0);
        prop_assert_eq!(back.score(), place.score());
    }

    #[test]
    fn cells_cover_the_shape(shape in shape(), places in prop::collection::vec(place(), 50)) {
        let cells: Vec<_> = shape.cells().into_iter().flatten().map(Cell::scores).collect();
        for place in places {
            // Some nearer, too.
            for share in [1.0, 0.1, 0.01] {
                let between = |from: f64, to: f64| from + (to - from) * share;
                let near = at(
                    between(shape.center.longitude, place.longitude),
                    between(shape.center.latitude, place.latitude),
                );
                let score = near.score();
                if shape.reach(Place::of_score(score)).is_some() {
                    let found = cells.iter().any(|(min, max)| (*min..*max).contains(&score));
                    prop_assert!(found, "{:?}", near);
                }
            }
        }
    }
}
