use super::*;
use crate::store::work::Lane;

fn small() -> StoreOptions {
    StoreOptions {
        quota: 1 << 20,
        ..StoreOptions::default()
    }
}

#[test]
fn a_tenant_has_the_room_that_it_may_use_and_no_more() {
    let directory = directory();
    for stores in [
        Stores::open(directory.path(), &small()).unwrap(),
        Stores::in_memory(&small()),
    ] {
        let kv = kv(&stores);
        let value = "v".repeat(50_000);
        let put = |number| kv.put(format!("k{number}"), &value).wait();
        let full = (0..100).find_map(|number| put(number).err()).unwrap();
        assert!(full.is_full(), "{full:?}");
        let kept = kv.list::<String>("k").wait().unwrap().len();
        assert!((15..21).contains(&kept), "{kept} values");
        // Others have theirs, and the library what it needs for its own.
        stores.kv("globex").put("k", &value).wait().unwrap();
        let ours = stores.ask("acme", Lane::System, None, move |connection| {
            let mut insert =
                connection.own("INSERT INTO toolsmith_kv VALUES ('ours', ?1, NULL)")?;
            insert.execute([vec![b' '; 100_000]])?;
            Ok(())
        });
        ours.wait().unwrap();
        assert!(put(0).is_ok() || put(0).unwrap_err().is_full());
        // What is deleted makes room.
        kv.delete("ours").wait().unwrap();
        for number in 0..3 {
            kv.delete(format!("k{number}")).wait().unwrap();
        }
        put(0).unwrap();
    }
}

#[test]
fn one_that_finds_no_room_undoes_no_other_of_its_burst() {
    let stores = Stores::in_memory(&small());
    let kv = kv(&stores);
    let large = "v".repeat(900_000);
    kv.put("large", &large).wait().unwrap();
    let burst: Vec<_> = (0..50)
        .map(|number| match number {
            10 | 30 => kv.put("more", &large),
            _ => kv.put(format!("k{number}"), &number),
        })
        .collect();
    for (number, it) in burst.into_iter().enumerate() {
        match number {
            10 | 30 => assert!(it.wait().unwrap_err().is_full()),
            _ => it.wait().unwrap(),
        }
    }
    assert_eq!(kv.list::<i32>("k").wait().unwrap().len(), 48);
}
