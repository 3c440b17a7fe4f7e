//! Whatever a holder chooses to disclose verifies, and nothing else is given out.

use mdl_mdoc::MDL_NAME_SPACE;
use mdl_mdoc::presentation::encode_device_response;
use mdl_reader::{Policy, Verdict};
use proptest::prelude::*;

use crate::licence::{DOMESTIC, ELEMENTS, given_out, licence};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_subset_in_any_order_verifies(
        order in Just(ELEMENTS.to_vec()).prop_shuffle(),
        count in 0..=ELEMENTS.len(),
        by_mac: bool,
    ) {
        let disclosed = &order[..count];
        let response = encode_device_response(&[licence().document(disclosed, by_mac)], &[]);
        let report = licence().verify(&response, Policy::Iso);
        prop_assert_eq!(report.verdict(), Verdict::Valid);

        let document = report.verified(0).unwrap();
        let mut returned: Vec<_> = document.elements().map(|(name, id, _)| (name, id)).collect();
        let mut expected = disclosed.to_vec();
        returned.sort_unstable();
        expected.sort_unstable();
        prop_assert_eq!(returned, expected);

        let kept_back = |name_space: &str| {
            let is_kept = |(name, _): &&(&str, &str)| *name == name_space;
            order[count..].iter().filter(is_kept).count()
        };
        for (name_space, undisclosed) in document.undisclosed() {
            prop_assert!([MDL_NAME_SPACE, DOMESTIC].contains(&name_space));
            prop_assert_eq!(undisclosed, kept_back(name_space));
        }
    }

    #[test]
    fn several_documents_each_keep_to_their_own_elements(choices in prop::collection::vec(0..ELEMENTS.len(), 1..5)) {
        let documents: Vec<_> = choices
            .iter()
            .map(|&index| licence().document(&[ELEMENTS[index]], index % 2 == 0))
            .collect();
        let response = encode_device_response(&documents, &[]);
        let report = licence().verify(&response, Policy::Iso);
        prop_assert_eq!(report.verdict(), Verdict::Valid);
        let names: Vec<_> = given_out(&report).into_iter().map(|(_, id, _)| id).collect();
        let expected: Vec<_> = choices.iter().map(|&index| ELEMENTS[index].1).collect();
        prop_assert_eq!(names, expected);
    }
}
