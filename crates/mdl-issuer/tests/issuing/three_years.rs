//! Three years of a service whose document signers are replaced as the rotation says: a licence every day.

use std::sync::Arc;

use mdl_issuer::issuing::IssueError;
use mdl_issuer::tenant::Authority;
use mdl_signer::rotation::{Due, RotationPolicy};
use time::{Duration, OffsetDateTime};

use crate::authority::{LONGEST_MSO_LIFE, Root};
use crate::house::{House, NOW};
use crate::observation::observe;

const THREE_YEARS: i64 = 3 * 365 + 1;
/// How early the next document signer is due, in days.
const AHEAD: i64 = 30;
/// For how long the authority is away every time when the next one falls due: until the last day but one.
const AWAY: i64 = AHEAD - 1;

struct Years {
    house: House,
    root: Root,
    policy: RotationPolicy,
    /// The authority certifies nothing before this day.
    away_until: i64,
    certified: usize,
}

impl Years {
    async fn begin(ahead: i64) -> Self {
        let mut root = Root::new(NOW);
        let days = Duration::days;
        let policy = RotationPolicy::new(days(457), LONGEST_MSO_LIFE, days(ahead)).unwrap();
        let first = root.document_signer(policy.window(NOW), |key| Box::new(key));
        // Another root of the same seed: the same authority.
        let authority = Root::new(NOW).authority(vec![first]);
        let longest = |policy: &mut mdl_issuer::tenant::TenantPolicy| {
            policy.validity = LONGEST_MSO_LIFE;
            policy.expected_update = Some(days(20));
        };
        Self {
            house: House::of(authority, longest).await,
            root,
            policy,
            away_until: 0,
            certified: 1,
        }
    }

    /// What the operator's timer does every day.
    fn rotate(&mut self, day: i64) {
        let now = self.house.now();
        // As the service does when it reads the files again.
        let tenant = self.house.tenant();
        let mut authority = Authority::clone(&tenant.authority.get());
        let signers = &mut authority.document_signers;
        signers.retain(|signer| now <= signer.guard.window().stop_signing());
        let good = signers.iter().filter(|signer| !signer.guard.is_revoked());
        let windows = good.map(|signer| signer.guard.window());
        if self.policy.due(windows, now) == Due::Now && day >= self.away_until {
            let window = self.policy.window(now);
            let signer = self.root.document_signer(window, |key| Box::new(key));
            signers.push(Arc::new(signer));
            self.certified += 1;
            // The next time, the authority is away just then.
            let Due::At(next) = self.policy.due([&window], now) else {
                panic!("due at once")
            };
            self.away_until = day + (next - now).whole_days() + AWAY;
        }
        tenant.authority.replace(authority);
    }

    /// A licence for somebody; gives its end.
    async fn issue(&self) -> Result<OffsetDateTime, IssueError> {
        let now = self.house.now();
        let grant = self.house.grant("erika").await;
        let batch = self.house.issue(&grant, &self.house.keys(1)).await?;
        let seen = observe(&batch.documents[0], 0, now);
        let [signed, _, valid_until, _] = seen.times;
        let signers = &self.house.tenant().authority.get().document_signers;
        let by = signers
            .iter()
            .find(|signer| {
                let certificate = &signer.certificate;
                let mut windows = batch.documents[0].windows(certificate.len());
                windows.any(|window| window == certificate)
            })
            .unwrap();
        let window = by.guard.window();
        assert!(!by.guard.is_revoked());
        assert!(window.not_before() <= signed && now <= window.stop_signing());
        assert!(valid_until <= window.not_after(), "it outlives its signer");
        Ok(valid_until)
    }
}

#[tokio::test]
async fn for_three_years_there_is_a_licence_every_day_and_each_has_a_living_signer() {
    let mut years = Years::begin(AHEAD).await;
    let mut shortest = LONGEST_MSO_LIFE;
    for day in 0..THREE_YEARS {
        if day == 500 {
            // One is compromised, and the authority comes in on the same day.
            years.house.tenant().authority.get().document_signers[0]
                .guard
                .revoke();
            years.away_until = day;
        }
        years.rotate(day);
        let valid_until = years.issue().await;
        let valid_until = valid_until.unwrap_or_else(|error| panic!("day {day}: {error}"));
        shortest = shortest.min(valid_until - years.house.now());
        years.house.clock.advance(Duration::DAY);
    }
    println!(
        "{THREE_YEARS} licences by {} document signers; the shortest lives {} days",
        years.certified,
        shortest.whole_days(),
    );
    assert!(years.certified >= 4);
    // Nobody got a short one because a document signer was at its end.
    assert!(shortest >= LONGEST_MSO_LIFE - Duration::DAY);
}

#[tokio::test]
async fn an_authority_that_is_away_for_longer_than_ahead_is_noticed() {
    // The control: with a week ahead, an absence of a month leaves a gap.
    let mut years = Years::begin(7).await;
    let mut refused = 0;
    for day in 0..THREE_YEARS {
        years.rotate(day);
        // The days on which a document signer stops are looked at, and no others.
        let now = years.house.now();
        let signers = &years.house.tenant().authority.get().document_signers;
        if !signers.iter().any(|signer| signer.is_usable(now)) {
            match years.issue().await.unwrap_err() {
                IssueError::Unavailable { code, .. } => assert_eq!(code, "no-document-signer"),
                other => panic!("{other:?}"),
            }
            refused += 1;
        }
        years.house.clock.advance(Duration::DAY);
    }
    assert!(refused > 0);
}
