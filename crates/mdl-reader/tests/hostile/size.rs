//! As much as the limits let through: time must grow with the input and not with its square, and memory stay bounded.

use std::time::Duration;

use mdl_reader::{CheckId, Outcome, Policy, Report};
use rustix::time::{ClockId, clock_gettime};

use crate::encoding::{array, bstr, int, map, text};
use crate::scene::{Scene, item};

/// The CPU time that this thread has used: a busy machine does not count.
fn thread_cpu_time() -> Duration {
    let spent = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(spent.tv_sec.unsigned_abs(), spent.tv_nsec as u32)
}

/// The shortest of three.
fn time_of(scene: &Scene, response: &[u8], look: impl Fn(&Report<'_>)) -> Duration {
    assert!(response.len() <= 4 << 20, "{}", response.len());
    let times = (0..3).map(|_| {
        let start = thread_cpu_time();
        let report = scene.verify(response);
        look(&report);
        thread_cpu_time() - start
    });
    times.min().unwrap()
}

/// Eight times the input may take eight times as long, three times over; its square would take 64 times as long.
#[track_caller]
fn grows_with_the_input(make: impl Fn(usize) -> Scene, size: usize, look: impl Fn(&Report<'_>)) {
    let time = |size| {
        let scene = make(size);
        time_of(&scene, &scene.response(), &look)
    };
    let (small, large) = (time(size / 8), time(size));
    assert!(
        large < 24 * small,
        "{small:?}, and {large:?} for 8 times as much"
    );
}

#[test]
fn many_authorised_elements_against_many_returned_ones() {
    let make = |count: usize| {
        let name = |number: usize| text(&format!("element {number:06}"));
        let returned: Vec<_> = (0..count).map(|number| (name(number), int(0))).collect();
        let authorised: Vec<_> = (0..count).rev().map(name).collect();
        let mut scene = Scene::new();
        scene.device_name_spaces = map(&[(text("example"), map(&returned))]);
        scene.mso.key_authorizations = Some(map(&[(
            text("dataElements"),
            map(&[(text("example"), array(&authorised))]),
        )]));
        scene
    };
    grows_with_the_input(make, 30_000, |report| {
        assert!(report.verified(0).is_some());
    });
}

#[test]
fn many_name_spaces_authorised_and_returned() {
    let make = |count: usize| {
        let name = |number: usize| text(&format!("name space {number:06}"));
        let element = map(&[(text("a"), int(0))]);
        let returned: Vec<_> = (0..count)
            .map(|number| (name(number), element.clone()))
            .collect();
        let authorised: Vec<_> = (0..count).rev().map(name).collect();
        let mut scene = Scene::new();
        scene.device_name_spaces = map(&returned);
        scene.mso.key_authorizations = Some(map(&[(text("nameSpaces"), array(&authorised))]));
        scene
    };
    grows_with_the_input(make, 18_000, |report| {
        assert!(report.verified(0).is_some());
    });
}

#[test]
fn many_name_spaces_with_digests() {
    let make = |count: usize| {
        let mut scene = Scene::new();
        scene.name_spaces = (0..count)
            .map(|number| {
                let name = format!("name space {number:06}");
                (name, vec![item(0, "a", int(0))])
            })
            .collect();
        scene
    };
    grows_with_the_input(make, 5_000, |report| {
        let document = report.verified(0).unwrap();
        assert!(document.undisclosed().all(|(_, count)| count == 0));
    });
}

#[test]
fn many_elements_in_a_name_space_with_a_long_name() {
    let make = |count: usize| {
        let mut scene = Scene::new();
        let items = (0..count as u64)
            .map(|number| item(number, &format!("{number:06}"), int(0)))
            .collect();
        scene.name_spaces = vec![("n".repeat(200 * count), items)];
        scene
    };
    grows_with_the_input(make, 6_000, |report| {
        assert!(report.verified(0).is_some());
    });
}

#[test]
fn many_digests_and_deep_nesting_are_read() {
    let make = |count: usize| {
        let mut scene = Scene::new();
        let digests: Vec<_> = (0..count as i64)
            .rev()
            .map(|number| (int(number), bstr(&[0; 32])))
            .collect();
        scene.mso.value_digests = Some(map(&[(text("example"), map(&digests))]));
        scene
    };
    grows_with_the_input(make, 45_000, |report| {
        let checks = report.documents()[0].check(CheckId::ValueDigestPresent);
        assert_eq!(checks.unwrap().outcome, Outcome::Fail);
    });
    let scene = Scene::new();
    for malformed in [&vec![0x81; 4 << 20][..], &[0x9b, 0, 0, 0, 1, 0, 0, 0, 0]] {
        assert_eq!(scene.failures(malformed), [CheckId::Cbor]);
    }
}

/// Remarks on elements that nobody knows must not crowd out what is wrong with one that is known.
#[test]
fn a_wrong_value_is_found_behind_hundreds_of_unknown_elements() {
    let mut scene = Scene::new();
    scene.policy = Policy::Strict;
    let mut wrong = Scene::new();
    wrong.policy = Policy::Strict;
    wrong.name_spaces[0].1 = vec![item(0, "family_name", int(1))];
    assert!(
        wrong
            .failures(&wrong.response())
            .contains(&CheckId::ElementValues)
    );

    let unknown = (0..400)
        .map(|number| item(number, &format!("{number}"), int(0)))
        .collect();
    scene.name_spaces = vec![("a".to_owned(), unknown), wrong.name_spaces.remove(0)];
    let failures = scene.failures(&scene.response());
    assert!(failures.contains(&CheckId::ElementValues), "{failures:?}");
}
